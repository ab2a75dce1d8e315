import type { Bookmarks } from '../platform/bookmarks.port.ts';
import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import type { ExecutionStatus, Executions } from '../platform/executions.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type ContainmentWorkflow, legFromRecord, legName } from './containment-workflow.port.ts';
import { dueRound } from './due-round.ts';
import type { Finding, Inspection } from './inspection.ts';
import { isOver, type Revocation, revocationType } from './revocation.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly workflow: ContainmentWorkflow;
  /** Those of the workflow that contains incidents. */
  readonly executions: Executions;
  readonly bookmarks: Bookmarks;
  readonly clock: Clock;
}

const PAGE = 25;

/**
 * Lets the containments go on that nobody runs any more: never started, stopped by hand, failed. A new execution takes
 * what is open from the record; what was done before is done again, which does no harm.
 */
export function containmentInspection({
  ledger,
  workflow,
  executions,
  bookmarks,
  clock,
}: Dependencies): Inspection<Revocation> {
  return {
    name: 'containments',
    pages: () =>
      dueRound({
        ledger,
        bookmarks,
        name: 'containments',
        type: revocationType,
        list: 'revocations',
        isWithin: () => true,
        pageSize: PAGE,
      }),

    async inspect({ id }): Promise<Finding> {
      const stored = await ledger.read(revocationType, id);
      if (stored === undefined || isOver(stored.entity)) return 'fine';
      const { leg, status } = await newestLegOf(stored.entity);
      if (status === 'RUNNING') return 'fine';
      // What was recorded and never began, begins now; in the place of what has ended, the next one does.
      const next = status === undefined ? leg : leg + 1;
      if (next > stored.entity.leg)
        await ledger.commit({
          chain: id,
          event: caseEvent(
            clock,
            stored.entity.txn,
            'revocation.resumed',
            { service: 'reconcile' },
            { leg: next, failure: { state: 'Execution', error: status ?? 'NEVER_STARTED' } },
          ),
          changes: [replacement(revocationType, stored, { ...stored.entity, leg: next })],
        });
      await workflow.start(legFromRecord(id, next));
      return 'repaired';
    },
  };

  /** The one that is recorded, or one that it has handed over to and that has not got to recording itself. */
  async function newestLegOf({
    id,
    leg: recorded,
  }: Revocation): Promise<{ leg: number; status: ExecutionStatus | undefined }> {
    let leg = recorded;
    let status = await statusOf(id, leg);
    while (status !== 'RUNNING') {
      const after = await statusOf(id, leg + 1);
      if (after === undefined) break;
      leg += 1;
      status = after;
    }
    return { leg, status };
  }

  function statusOf(revocationId: string, leg: number): Promise<ExecutionStatus | undefined> {
    return executions.statusOf(legName({ revocationId, leg }));
  }
}
