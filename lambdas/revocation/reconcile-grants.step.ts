import { dueAt, type EndReason, type Grant, grantType, isOver, type PathFailure } from '../minting/grant.ts';
import type { Bookmarks } from '../platform/bookmarks.port.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import type { Executions } from '../platform/executions.port.ts';
import { DependencyUnavailable, StateConflict } from '../platform/failures.ts';
import type { Metrics } from '../platform/metrics.port.ts';
import { recordFailure } from '../requests/record-failure.step.ts';
import { closeGrant } from './close-grant.step.ts';
import { dueRound } from './due-round.ts';
import { type EndingDependencies, grantEnding } from './end-grant.step.ts';
import type { Finding, Inspection } from './inspection.ts';
import { recordUnrevoked } from './record-unrevoked.step.ts';

interface Dependencies extends EndingDependencies {
  readonly executions: Executions;
  readonly bookmarks: Bookmarks;
  readonly metrics: Pick<Metrics, 'unrevokedCredential'>;
}

/** A workflow ends its grant within seconds of its time: what is left after this long has been left. */
export const OVERDUE_SECONDS = 120;
const PAGE = 25;

/** Why a grant is taken over from its workflow. */
interface TakeOver {
  readonly reason: EndReason;
  readonly failure?: PathFailure;
}

/**
 * Takes over the grants that nobody ends. Their workflows do; this is for what became of one that did not.
 *
 * `holds`, so many at each run, all around: an active grant whose execution is gone has nobody who would end it in its
 * time. It is ended now, as `request-access` ends one that cannot be held: otherwise it would outlive its time by
 * whatever passes until the next run.
 *
 * `overdue`, as many as there is time for: expired and not over, whatever became of the workflow; the unresolved are among
 * them and are tried again without end. Those that wait to become active for an hour have a path that stopped: they are
 * abandoned.
 *
 * A claim that was taken and never settled is left to its grant: what it may have made has the grant's handle, is revoked
 * by it when the grant ends, and may be made anew by another claim until then.
 */
export function grantInspections(dependencies: Dependencies): readonly Inspection<Grant>[] {
  const { ledger, bookmarks, clock, executions } = dependencies;
  const { end } = grantEnding(dependencies);
  /** Targets that a run has found not to answer: it would only wait for each of their grants. */
  const silent = new Set<string>();
  const overdueBefore = (): number => epochSeconds(clock) - OVERDUE_SECONDS;

  return [
    {
      name: 'holds',
      pages: () => round('holds', { from: String(overdueBefore()), isWithin: () => true }),
      inspect,
    },
    {
      name: 'overdue',
      pages: () => {
        silent.clear();
        return round('overdue', { isWithin: (grant) => dueAt(grant) < overdueBefore() });
      },
      inspect,
    },
  ];

  function round(name: string, part: { from?: string; isWithin: (grant: Grant) => boolean }) {
    return dueRound({ ledger, bookmarks, name, type: grantType, list: 'grants', pageSize: PAGE, ...part });
  }

  async function inspect(grant: Grant): Promise<Finding> {
    const isOverdue = dueAt(grant) < overdueBefore();
    switch (grant.status) {
      case 'ended':
      case 'abandoned':
        return 'fine';
      case 'pending':
        return isOverdue ? abandon(grant) : 'fine';
      case 'unresolved':
        return silent.has(grant.target) ? 'unresolved' : takeOver(grant, { reason: grant.reason });
      case 'active':
        if (isOverdue) return takeOver(grant, { reason: 'expired' });
        break;
      case 'ending':
    }
    // Whose workflow is at work is left to it: it ends the credential, or records that it could not.
    const status = await executions.statusOf(grant.requestId);
    if (status === 'RUNNING') return 'fine';
    const failure = { state: 'Execution', error: status ?? 'NEVER_STARTED' };
    return takeOver(grant, { reason: 'failed', failure });
  }

  async function abandon({ requestId }: Grant): Promise<Finding> {
    await recordFailure({ ledger, clock })({
      requestId,
      failure: { state: 'MintCredential', error: 'NEVER_ACTIVE' },
    });
    return 'repaired';
  }

  async function takeOver({ id, requestId, target }: Grant, { reason, failure }: TakeOver): Promise<Finding> {
    const stored = await ledger.read(grantType, id);
    if (stored === undefined || isOver(stored.entity)) return 'fine';
    try {
      await end(stored, { reason, failure, by: { service: 'reconcile' } });
    } catch (error) {
      if (error instanceof StateConflict) throw error;
      if (error instanceof DependencyUnavailable) silent.add(target);
      await recordUnrevoked(dependencies)({ requestId, error: nameOf(error), reason, failure });
      return 'unresolved';
    }
    await closeGrant({ ledger, clock })({ requestId });
    return 'repaired';
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
