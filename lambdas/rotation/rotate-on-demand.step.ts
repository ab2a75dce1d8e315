import type { Deployment } from '../platform/deployment.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { notFound } from '../platform/problem.ts';
import { type Caller, whoCalls } from '../verification/caller.ts';
import { managedSecretType } from './managed-secret.ts';
import type { Rotation } from './rotation.ts';
import { maySeeSecret, requireSecretAdministrator } from './secret-rights.ts';
import type { RotationOrder } from './start-rotation.step.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly start: (order: RotationOrder) => Promise<Rotation | undefined>;
}

/**
 * Rotates a secret because somebody asks for it.
 * @throws Problem 404 for who may not see it, 403 or 401 for who may not have it rotated
 */
export function rotateOnDemand({ deployment, ledger, start }: Dependencies) {
  return async (caller: Caller, secretId: string): Promise<Rotation> => {
    const secret = (await ledger.read(managedSecretType, secretId))?.entity;
    if (secret === undefined || !maySeeSecret(deployment, caller, secret)) throw notFound('managed secret');
    requireSecretAdministrator(deployment, caller);
    const rotation = await start({ secretId, reason: 'demand', txn: caller.txn, by: whoCalls(caller) });
    if (rotation === undefined) throw notFound('managed secret');
    return rotation;
  };
}
