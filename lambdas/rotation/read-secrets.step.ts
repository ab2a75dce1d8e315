import type { Deployment } from '../platform/deployment.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { limitOf, type PageQuery } from '../platform/page.ts';
import type { PageCursors } from '../platform/page-cursor.port.ts';
import { notFound } from '../platform/problem.ts';
import type { Caller } from '../verification/caller.ts';
import { ALL_SECRETS, type ManagedSecret, managedSecretType } from './managed-secret.ts';
import { type Rotation, rotationType } from './rotation.ts';
import { maySeeSecret } from './secret-rights.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Pick<Ledger, 'read' | 'list'>;
}

/** The managed secrets, newest first; who is neither administrator nor responder sees those that they own. */
export function listSecrets({
  deployment,
  ledger,
  cursors,
}: Dependencies & { readonly cursors: PageCursors }) {
  return async (
    caller: Caller,
    query: PageQuery,
  ): Promise<{ secrets: readonly ManagedSecret[]; cursor?: string }> => {
    const list = `SECRETS#${ALL_SECRETS}`;
    const page = await ledger.list(
      managedSecretType,
      { kind: 'SECRETS', name: ALL_SECRETS },
      {
        limit: limitOf(query),
        newestFirst: true,
        ...(query.cursor === undefined ? {} : { after: await cursors.open(query.cursor, list) }),
      },
    );
    return {
      secrets: page.items.filter((secret) => maySeeSecret(deployment, caller, secret)),
      ...(page.next === undefined ? {} : { cursor: await cursors.seal(page.next, list) }),
    };
  };
}

/** One managed secret, for who may see it. */
export function readSecret({ deployment, ledger }: Dependencies) {
  return async (caller: Caller, id: string): Promise<ManagedSecret> => {
    const secret = (await ledger.read(managedSecretType, id))?.entity;
    if (secret === undefined || !maySeeSecret(deployment, caller, secret)) throw notFound('managed secret');
    return secret;
  };
}

/** One rotation, for who may see its secret. */
export function readRotation({ deployment, ledger }: Dependencies) {
  return async (caller: Caller, id: string): Promise<Rotation> => {
    const rotation = (await ledger.read(rotationType, id))?.entity;
    const secret = rotation && (await ledger.read(managedSecretType, rotation.secret))?.entity;
    if (rotation === undefined || secret === undefined || !maySeeSecret(deployment, caller, secret))
      throw notFound('rotation');
    return rotation;
  };
}
