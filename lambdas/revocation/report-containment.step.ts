import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { timestamp } from '../platform/duration.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { Metrics } from '../platform/metrics.port.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { type Revocation, revocationType } from './revocation.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'uncontainedIncident'>;
}

interface ReportInput {
  readonly revocationId: string;
  /** Pages of which a receiver could not be told. */
  readonly signals: number;
  /** Pages with grants that could not be closed. */
  readonly unreleased: number;
  /** The state that failed, and the failure's name, where one did. */
  readonly failure?: { readonly state: string; readonly error: string } | undefined;
}

type ReportOutput = { outcome: 'previewed' | 'contained' | 'unresolved' };

/**
 * Closes a run of which everything is confirmed and told, or says what is not. Nothing closes what was not confirmed
 * before (`ConfirmContainment`).
 */
export function reportContainment({ ledger, clock, metrics }: Dependencies) {
  return async (input: ReportInput): Promise<ReportOutput> => {
    const output = await rereadOnConflict(() => report(input));
    if (output.outcome === 'unresolved') metrics.uncontainedIncident();
    return output;
  };

  async function report({ revocationId, signals, unreleased, failure }: ReportInput): Promise<ReportOutput> {
    const stored = await ledger.read(revocationType, revocationId);
    if (stored === undefined)
      throw new BrokenInvariant('A workflow runs for a revocation that is not recorded');
    const revocation = stored.entity;
    if (revocation.status === 'previewed' || revocation.status === 'contained')
      return { outcome: revocation.status };
    const outcome = outcomeOf(revocation, signals + unreleased + (failure === undefined ? 0 : 1));
    const now = clock.nowEpochMilliseconds();
    const next: Revocation = {
      ...revocation,
      status: outcome,
      unresolved: { ...revocation.unresolved, signals },
      ...(outcome === 'unresolved' ? {} : { endedAtEpochMilliseconds: now }),
    };
    const isTold =
      outcome === 'unresolved' &&
      failure === undefined &&
      revocation.status === 'unresolved' &&
      revocation.unresolved.signals === signals;
    if (!isTold)
      await ledger.commit({
        chain: revocationId,
        event: caseEvent(
          clock,
          revocation.txn,
          outcome === 'unresolved' ? 'revocation.goes-on' : `revocation.${outcome}`,
          { service: 'report-containment' },
          {
            ...revocation.counts,
            secrets: revocation.secrets.map(({ id }) => id),
            unresolved: next.unresolved,
            ...(failure === undefined ? {} : { failure }),
            ...(revocation.containedAtEpochMilliseconds === undefined
              ? {}
              : { contained_at: timestamp(revocation.containedAtEpochMilliseconds) }),
          },
        ),
        changes: [replacement(revocationType, stored, next)],
      });
    return { outcome };
  }
}

function outcomeOf(
  { dryRun, containedAtEpochMilliseconds, unresolved }: Revocation,
  open: number,
): ReportOutput['outcome'] {
  if (open > 0) return 'unresolved';
  if (dryRun) return 'previewed';
  const { grants, sessions, secrets } = unresolved;
  const isConfirmed = containedAtEpochMilliseconds !== undefined && grants + sessions + secrets === 0;
  return isConfirmed ? 'contained' : 'unresolved';
}
