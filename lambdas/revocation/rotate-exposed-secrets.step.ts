import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { type Change, replacement } from '../platform/entity.ts';
import { BrokenInvariant, DependencyUnavailable } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { freezeOf, freezeType } from '../verification/freeze.ts';
import { type ExposedSecret, type Revocation, revocationType } from './revocation.ts';
import type { SecretRotations } from './secret-rotations.port.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly secrets: Pick<SecretRotations, 'rotate'>;
  readonly clock: Clock;
}

/**
 * Has the managed secrets that were exposed rotated, and finds out whether they are. The freeze of a secret is lifted
 * by its rotation: what was exposed is not what is given out then.
 * @returns how many are not rotated yet
 */
export function rotateExposedSecrets({ ledger, secrets, clock }: Dependencies) {
  return async ({ revocationId }: { revocationId: string }): Promise<{ open: number }> => {
    const found = await ledger.read(revocationType, revocationId);
    if (found === undefined)
      throw new BrokenInvariant('A workflow runs for a revocation that is not recorded');
    const { id: revocation, txn, secrets: exposed } = found.entity;
    const sinceEpochSeconds = Math.floor(found.entity.startedAtEpochMilliseconds / 1000);
    const after: ExposedSecret[] = [];
    for (const secret of exposed) after.push(await rotated(secret, { revocation, sinceEpochSeconds, txn }));
    if (after.some((secret, index) => secret.status !== exposed[index]?.status))
      await rereadOnConflict(() => record(revocationId, after));
    return { open: after.filter(({ status }) => status !== 'rotated').length };
  };

  async function rotated(
    secret: ExposedSecret,
    order: Parameters<SecretRotations['rotate']>[1],
  ): Promise<ExposedSecret> {
    if (secret.status === 'rotated') return secret;
    try {
      return await secrets.rotate(secret, order);
    } catch (error) {
      if (error instanceof DependencyUnavailable) return secret;
      throw error;
    }
  }

  async function record(revocationId: string, after: readonly ExposedSecret[]): Promise<void> {
    const stored = await ledger.read(revocationType, revocationId);
    if (stored === undefined) throw new BrokenInvariant('A revocation that was recorded is gone');
    const revocation = stored.entity;
    const lifted = after.filter(
      ({ id, status }) =>
        status === 'rotated' && revocation.secrets.some((one) => one.id === id && one.status !== 'rotated'),
    );
    await ledger.commit({
      chain: revocation.id,
      event: caseEvent(
        clock,
        revocation.txn,
        'revocation.secrets-rotated',
        { service: 'rotate-exposed-secrets' },
        { secrets: after.map(({ id, status, rotation }) => ({ id, status, ...(rotation && { rotation }) })) },
      ),
      changes: [
        replacement(revocationType, stored, withSecrets(revocation, after, clock.nowEpochMilliseconds())),
        ...(await liftFreezes(revocation.id, lifted)),
      ],
    });
  }

  async function liftFreezes(revocation: string, rotated: readonly ExposedSecret[]): Promise<Change[]> {
    const found = await ledger.readAll(rotated.map(({ id }) => [freezeType, freezeOf.secret(id)] as const));
    return found.flatMap((freeze) => {
      if (freeze?.entity.heldBy.secret !== revocation) return [];
      const { secret: _, ...heldBy } = freeze.entity.heldBy;
      return [replacement(freezeType, freeze, { ...freeze.entity, heldBy })];
    });
  }
}

function withSecrets(
  revocation: Revocation,
  secrets: readonly ExposedSecret[],
  nowEpochMilliseconds: number,
): Revocation {
  const { kind } = revocation.scope;
  const isLifted =
    (kind === 'secret' || kind === 'credential') && secrets.every(({ status }) => status === 'rotated');
  return {
    ...revocation,
    secrets: [...secrets],
    ...(isLifted ? { liftedAtEpochMilliseconds: nowEpochMilliseconds } : {}),
  };
}
