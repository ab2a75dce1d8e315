import type { Material } from '../minting/connector.port.ts';
import { caseEvent } from '../platform/case-event.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant, RotationOver } from '../platform/failures.ts';
import { propagationSeconds } from './connection.ts';
import { chainOfSecret, managedSecretType } from './managed-secret.ts';
import {
  loadRotation,
  type RotationCase,
  type RotationDependencies,
  type RotationInput,
  requireRunning,
  standingOf,
} from './rotation-case.ts';

/**
 * Has the system accept the pending value. Of a key pair, the public half is published: it is known before anything is
 * signed with it.
 * @returns for how long it must be known before it may be used
 * @throws RotationOver where the version bears the pending label no more
 */
export function setPending(dependencies: RotationDependencies) {
  const { versions, ledger, clock } = dependencies;

  return async ({
    rotationId: token,
  }: RotationInput): Promise<{ outcome: 'set'; propagationSeconds: number }> => {
    const found = await loadRotation(dependencies, token);
    requireRunning(found);
    const { secret, connection, rotator } = found;
    const { current, pending } = await versions.labels(secret.entity.id);
    const answer = { outcome: 'set', propagationSeconds: propagationSeconds(connection) } as const;
    if (current === token) return answer;
    if (pending !== token) throw new RotationOver(`The version of ${token} is not pending any more`);
    const value = await versions.read(secret.entity.id, token);
    if (value === undefined) throw new BrokenInvariant('A pending version has no value');
    await rotator.set(connection, value, await standingOf(versions, secret.entity, token));
    await publish(found, value, token);
    return answer;
  };

  async function publish(
    { secret, rotation, rotator }: RotationCase,
    value: Material,
    token: string,
  ): Promise<void> {
    const jwk = rotator.publicKey?.(value);
    if (jwk === undefined || secret.entity.publishedKeys.some((key) => key.token === token)) return;
    await ledger.commit({
      chain: chainOfSecret(secret.entity.id),
      event: caseEvent(
        clock,
        rotation.entity.txn,
        'key.published',
        { service: 'set-pending' },
        {
          secret: secret.entity.id,
          rotation: token,
          key: jwk,
        },
      ),
      changes: [
        replacement(managedSecretType, secret, {
          ...secret.entity,
          publishedKeys: [...secret.entity.publishedKeys, { token, jwk: { ...jwk } }],
        }),
      ],
    });
  }
}
