import { fingerprintOf } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import { replacement, type Stored } from '../platform/entity.ts';
import { BrokenInvariant, RotationOver } from '../platform/failures.ts';
import { type Connection, overlapSeconds, secretParts } from './connection.ts';
import {
  chainOfSecret,
  type ManagedSecret,
  managedSecretType,
  withEarlier,
  withPendingCurrent,
} from './managed-secret.ts';
import {
  loadRotation,
  type RotationCase,
  type RotationDependencies,
  type RotationInput,
  requireRunning,
  standingOf,
  takeBack,
} from './rotation-case.ts';

/**
 * Makes the next value and keeps it as the pending version. However often this runs, it is one value: the first that
 * was kept under the rotation's token. Its fingerprint is recorded before any system accepts it.
 * @throws RevocationUnconfirmed where a rotation before was stopped half-way, and what it made is not confirmed dead
 * @throws RotationOver where the version bears the pending label no more
 */
export function createPending(dependencies: RotationDependencies) {
  const { versions, ledger, clock } = dependencies;

  return async ({ rotationId: token }: RotationInput): Promise<{ outcome: 'created' }> => {
    const found = await loadRotation(dependencies, token);
    requireRunning(found);
    await versions.open(found.secret.entity.id);
    const { current, pending } = await versions.labels(found.secret.entity.id);
    if (current === token) return { outcome: 'created' };

    const secret = caughtUp(found.secret, found.connection, current);
    if (pending !== token) {
      // A rotation that was stopped half-way has left it.
      if (pending !== undefined) await takeBack(versions, { ...found, secret }, pending);
      await makeAndKeep({ ...found, secret }, token);
    }
    await recordPrepared(secret, found, token);
    return { outcome: 'created' };
  };

  /**
   * With what is current by its label. A value that was there before Sallyport is not fingerprinted: what somebody
   * thought of could be guessed from that.
   */
  function caughtUp(
    secret: Stored<ManagedSecret>,
    connection: Connection,
    current: string | undefined,
  ): Stored<ManagedSecret> {
    const { entity } = secret;
    if (current === undefined || current === entity.current?.token) return secret;
    // A rotation before moved the label, and was stopped before it could say so.
    if (current === entity.pending?.token) {
      const now = epochSeconds(clock);
      return { ...secret, entity: withPendingCurrent(entity, now, overlapSeconds(connection)) };
    }
    const version = { token: current, fingerprints: [], sinceEpochSeconds: entity.createdAtEpochSeconds };
    return { ...secret, entity: { ...entity, current: version } };
  }

  async function makeAndKeep({ secret, connection, rotator }: RotationCase, token: string): Promise<void> {
    const wasWithdrawn = (await versions.read(secret.entity.id, token)) !== undefined;
    if (wasWithdrawn) throw new RotationOver(`The version of ${token} is not pending any more`);
    const standing = await standingOf(versions, secret.entity, token);
    await versions.keepPending(secret.entity.id, token, await rotator.make(connection, standing));
  }

  async function recordPrepared(
    secret: Stored<ManagedSecret>,
    { rotation, connection }: RotationCase,
    token: string,
  ): Promise<void> {
    if (secret.entity.pending?.token === token) return;
    const value = await versions.read(secret.entity.id, token);
    if (value === undefined) throw new BrokenInvariant('A pending version has no value');
    const fingerprints = secretParts(connection.kind, value).map(fingerprintOf);
    await ledger.commit({
      chain: chainOfSecret(secret.entity.id),
      event: caseEvent(
        clock,
        rotation.entity.txn,
        'rotation.prepared',
        { service: 'create-pending' },
        {
          secret: secret.entity.id,
          rotation: token,
          fingerprint: fingerprints[0] ?? '',
        },
      ),
      changes: [
        replacement(managedSecretType, secret, {
          ...secret.entity,
          earlier: [...withEarlier(secret.entity, secret.entity.pending)],
          publishedKeys: secret.entity.publishedKeys.filter(
            (key) => key.token !== secret.entity.pending?.token,
          ),
          pending: { token, fingerprints, sinceEpochSeconds: epochSeconds(clock) },
        }),
      ],
    });
  }
}
