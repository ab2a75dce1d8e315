import { caseEvent } from '../platform/case-event.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { RotationOver } from '../platform/failures.ts';
import { overlapSeconds } from './connection.ts';
import { chainOfSecret, managedSecretType, withPendingCurrent } from './managed-secret.ts';
import {
  loadRotation,
  type RotationDependencies,
  type RotationInput,
  requireRunning,
} from './rotation-case.ts';

/**
 * Makes the pending value the current one: the label moves only while the version is still the pending one of this
 * rotation, and the current one still the one that it was.
 * @throws RotationOver where the version bears the pending label no more
 * @throws StateConflict where another version has become the current one meanwhile
 */
export function finishRotation(dependencies: RotationDependencies) {
  const { versions, ledger, clock } = dependencies;

  return async ({ rotationId: token }: RotationInput): Promise<{ outcome: 'finished' }> => {
    const found = await loadRotation(dependencies, token);
    requireRunning(found);
    const { rotation, secret, connection } = found;
    const { current, pending } = await versions.labels(secret.entity.id);
    if (current !== token) {
      if (pending !== token) throw new RotationOver(`The version of ${token} is not pending any more`);
      await versions.promote(secret.entity.id, token, current);
    }
    await versions.dropPending(secret.entity.id, token);
    if (secret.entity.current?.token !== token) {
      await ledger.commit({
        chain: chainOfSecret(secret.entity.id),
        event: caseEvent(
          clock,
          rotation.entity.txn,
          'rotation.finished',
          { service: 'finish-rotation' },
          {
            secret: secret.entity.id,
            rotation: token,
            ...(secret.entity.current === undefined ? {} : { previous: secret.entity.current.token }),
          },
        ),
        changes: [
          replacement(
            managedSecretType,
            secret,
            withPendingCurrent(secret.entity, epochSeconds(clock), overlapSeconds(connection)),
          ),
        ],
      });
    }
    return { outcome: 'finished' };
  };
}
