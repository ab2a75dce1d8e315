import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { Metrics } from '../platform/metrics.port.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { isOver, type Revocation, revocationType } from './revocation.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'uncontainedIncident'>;
}

interface ConfirmInput {
  readonly revocationId: string;
  /** What is not confirmed yet. */
  readonly grants: number;
  readonly sessions: number;
  readonly secrets: number;
}

/**
 * Records from when on nothing under the scope was usable, or what could not be confirmed, and alarms on that: it is
 * tried again and never shown as done.
 */
export function confirmContainment({ ledger, clock, metrics }: Dependencies) {
  return async ({
    revocationId,
    ...unconfirmed
  }: ConfirmInput): Promise<{ outcome: 'confirmed' | 'unresolved' }> => {
    const isConfirmed = Object.values(unconfirmed).every((number) => number === 0);
    // Before anything that can fail: whoever must act is called whatever happens next.
    if (!isConfirmed) metrics.uncontainedIncident();
    await rereadOnConflict(() => record(revocationId, unconfirmed, isConfirmed));
    return { outcome: isConfirmed ? 'confirmed' : 'unresolved' };
  };

  async function record(
    revocationId: string,
    unconfirmed: Omit<ConfirmInput, 'revocationId'>,
    isConfirmed: boolean,
  ): Promise<void> {
    const stored = await ledger.read(revocationType, revocationId);
    if (stored === undefined)
      throw new BrokenInvariant('A workflow runs for a revocation that is not recorded');
    const revocation = stored.entity;
    const unresolved = { ...revocation.unresolved, ...unconfirmed };
    const told = { ...unresolved, contained: revocation.containedAtEpochMilliseconds !== undefined };
    if (isOver(revocation) || sameAs(revocation, { ...told, contained: isConfirmed })) return;
    const now = clock.nowEpochMilliseconds();
    const next: Revocation = {
      ...revocation,
      status: isConfirmed ? 'revoking' : 'unresolved',
      unresolved,
      ...(isConfirmed
        ? { containedAtEpochMilliseconds: revocation.containedAtEpochMilliseconds ?? now }
        : {}),
    };
    await ledger.commit({
      chain: revocationId,
      event: caseEvent(
        clock,
        revocation.txn,
        isConfirmed ? 'revocation.confirmed' : 'revocation.unresolved',
        { service: 'confirm-containment' },
        isConfirmed
          ? {
              ...revocation.counts,
              secrets: revocation.secrets.length,
              time_to_contain_ms: now - revocation.startedAtEpochMilliseconds,
            }
          : { unresolved: { ...unconfirmed } },
      ),
      changes: [replacement(revocationType, stored, next)],
    });
  }
}

/** Nothing is told twice. */
function sameAs(
  { unresolved, containedAtEpochMilliseconds, status }: Revocation,
  told: Revocation['unresolved'] & { readonly contained: boolean },
): boolean {
  const known = containedAtEpochMilliseconds !== undefined;
  return (
    (known || status === 'unresolved') &&
    known === told.contained &&
    unresolved.grants === told.grants &&
    unresolved.sessions === told.sessions &&
    unresolved.secrets === told.secrets
  );
}
