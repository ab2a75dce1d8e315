import { caseEvent } from '../platform/case-event.ts';
import { replacement } from '../platform/entity.ts';
import { chainOfSecret, managedSecretType, withoutPending } from './managed-secret.ts';
import { loadRotation, type RotationDependencies, type RotationInput, takeBack } from './rotation-case.ts';

/**
 * Takes back a rotation that failed: what was current goes on working, and the pending value is gone, at its system and
 * from its label. It is tried: only a value that is refused is gone.
 * @returns `finished` where the value is the current one by now: nothing is taken back
 * @throws RevocationUnconfirmed where the system did not confirm that the pending value is dead
 */
export function rollBackRotation(dependencies: RotationDependencies) {
  const { versions, ledger, clock } = dependencies;

  return async ({
    rotationId: token,
  }: RotationInput): Promise<{ outcome: 'rolled_back' | 'finished' | 'over' }> => {
    const found = await loadRotation(dependencies, token);
    const { rotation, secret } = found;
    if (rotation.entity.status !== 'running') return { outcome: 'over' };
    // Where making a place for the values is what failed: who asks for what is not there is denied access.
    await versions.open(secret.entity.id);
    const { current } = await versions.labels(secret.entity.id);
    if (current === token) return { outcome: 'finished' };

    await takeBack(versions, found, token);
    if (secret.entity.pending?.token === token) {
      await ledger.commit({
        chain: chainOfSecret(secret.entity.id),
        event: caseEvent(
          clock,
          rotation.entity.txn,
          'rotation.rolled-back',
          { service: 'roll-back-rotation' },
          {
            secret: secret.entity.id,
            rotation: token,
          },
        ),
        changes: [replacement(managedSecretType, secret, withoutPending(secret.entity))],
      });
    }
    return { outcome: 'rolled_back' };
  };
}
