import { caseEvent } from '../platform/case-event.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { overlapSeconds } from './connection.ts';
import { afterFailure, chainOfSecret, managedSecretType, withPendingCurrent } from './managed-secret.ts';
import { failureDocument, type RotationFailure, rotationType } from './rotation.ts';
import { loadRotation, type RotationDependencies, type RotationInput } from './rotation-case.ts';

interface FailureInput extends RotationInput {
  readonly failure: RotationFailure;
}

/**
 * Records how a rotation failed. Where the value before works on and the pending one is gone, it has `failed`; where a
 * value may work that should not, it is `unresolved`: the next rotation, which is due soon, ends that value first.
 */
export function recordRotationFailure(dependencies: RotationDependencies) {
  const { versions, ledger, clock } = dependencies;

  return async ({
    rotationId,
    failure,
  }: FailureInput): Promise<{ outcome: 'succeeded' | 'failed' | 'unresolved' }> => {
    const { rotation, secret, connection } = await loadRotation(dependencies, rotationId);
    if (rotation.entity.status !== 'running') return { outcome: rotation.entity.status };
    const now = epochSeconds(clock);
    const { current } = await versions.labels(secret.entity.id);
    // The label may have moved without that being recorded.
    const known =
      current === rotationId && secret.entity.current?.token !== rotationId
        ? withPendingCurrent(secret.entity, now, overlapSeconds(connection))
        : secret.entity;
    const isGone = known.current?.token !== rotationId && known.pending?.token !== rotationId;
    const status = isGone ? 'failed' : 'unresolved';
    await ledger.commit({
      chain: chainOfSecret(secret.entity.id),
      event: caseEvent(
        clock,
        rotation.entity.txn,
        `rotation.${status}`,
        { service: 'record-rotation-failure' },
        { secret: secret.entity.id, rotation: rotationId, failure: failureDocument(failure) },
      ),
      changes: [
        replacement(managedSecretType, secret, afterFailure(known, now)),
        replacement(rotationType, rotation, {
          ...rotation.entity,
          status,
          failure,
          endedAtEpochSeconds: now,
        }),
      ],
    });
    return { outcome: status };
  };
}
