import { caseEvent } from '../platform/case-event.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { durationSeconds } from '../platform/duration.ts';
import { creation } from '../platform/entity.ts';
import { StateConflict } from '../platform/failures.ts';
import { conflict, invalidRequest } from '../platform/problem.ts';
import { type Caller, whoCalls } from '../verification/caller.ts';
import { principalType } from '../verification/principal.ts';
import { findConnection, overlapSeconds, propagationSeconds } from './connection.ts';
import { chainOfSecret, type ManagedSecret, managedSecretType } from './managed-secret.ts';
import { type Rotation, rotationType } from './rotation.ts';
import { requireSecretAdministrator } from './secret-rights.ts';
import type { SecretRegistration } from './secrets.routes.ts';
import { newRotation, type StartRotationDependencies } from './start-rotation.step.ts';

interface Dependencies extends StartRotationDependencies {
  readonly deployment: Deployment;
}

/** Secrets Manager takes one update of a secret every ten minutes for long (Secrets Manager quotas). */
const SHORTEST_INTERVAL_SECONDS = 3600;
const LONGEST_INTERVAL_SECONDS = 365 * 24 * 3600;

/**
 * Puts the secret of a connection under management. Its first value is made by a rotation; a value that is there already,
 * under the secret's name in Secrets Manager, is the one before. No value comes or goes by this way.
 * @throws Problem 403 or 401 for who may not, 400 for a connection or an owner that there is not, 409 where it is managed
 */
export function registerSecret({ deployment, ledger, workflow, clock, ids }: Dependencies) {
  return async (
    caller: Caller,
    registration: SecretRegistration,
  ): Promise<{ secret: ManagedSecret; rotation: Rotation }> => {
    requireSecretAdministrator(deployment, caller);
    const connection = findConnection(deployment, registration.connection);
    if (connection === undefined)
      throw invalidRequest(
        `There is no connection ${JSON.stringify(registration.connection)}. There is: ${deployment.connections.map(({ id }) => id).join(', ') || 'none'}.`,
      );
    const rotateEverySeconds = durationSeconds(registration.rotate_every) ?? 0;
    const least = Math.max(
      SHORTEST_INTERVAL_SECONDS,
      overlapSeconds(connection) + propagationSeconds(connection),
    );
    if (rotateEverySeconds < least || rotateEverySeconds > LONGEST_INTERVAL_SECONDS)
      throw invalidRequest(
        `rotate_every of ${connection.id} is from ${least} seconds to ${LONGEST_INTERVAL_SECONDS}.`,
      );
    await requirePerson(registration.owner);

    const now = epochSeconds(clock);
    const rotation = newRotation(
      ids,
      { secretId: connection.id, reason: 'registration', txn: caller.txn, by: whoCalls(caller) },
      now,
    );
    const secret: ManagedSecret = {
      id: connection.id,
      txn: caller.txn,
      kind: connection.kind,
      owner: registration.owner,
      consumers: registration.consumers,
      rotateEverySeconds,
      retiring: [],
      earlier: [],
      publishedKeys: [],
      rotation: { id: rotation.id, sinceEpochSeconds: now },
      nextRotationAtEpochSeconds: now + rotateEverySeconds,
      createdAtEpochSeconds: now,
    };
    await record(caller, secret, rotation);
    await workflow.start(rotation.id);
    return { secret, rotation };
  };

  async function requirePerson(id: string): Promise<void> {
    const found = await ledger.read(principalType, id);
    if (found?.entity.kind !== 'user' || found.entity.status !== 'active')
      throw invalidRequest('owner: must be a person of the directory who is active.');
  }

  async function record(caller: Caller, secret: ManagedSecret, rotation: Rotation): Promise<void> {
    const managed = () =>
      conflict('already-managed', `${secret.id} is managed already. Rotate it instead of registering it.`);
    if ((await ledger.read(managedSecretType, secret.id)) !== undefined) throw managed();
    try {
      await ledger.commit({
        chain: chainOfSecret(secret.id),
        opens: true,
        event: caseEvent(clock, caller.txn, 'secret.registered', whoCalls(caller), {
          secret: secret.id,
          kind: secret.kind,
          owner: secret.owner,
          consumers: secret.consumers,
          rotateEverySeconds: secret.rotateEverySeconds,
          rotation: rotation.id,
        }),
        changes: [creation(managedSecretType, secret), creation(rotationType, rotation)],
      });
    } catch (error) {
      if (error instanceof StateConflict) throw managed();
      throw error;
    }
  }
}
