import type { Bookmarks } from '../platform/bookmarks.port.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Executions } from '../platform/executions.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type AccessRequest, accessRequestType, isUndecided, pathDueAt } from '../requests/access-request.ts';
import { NOT_STARTED } from '../requests/not-started.ts';
import { recordFailure } from '../requests/record-failure.step.ts';
import { dueRound } from './due-round.ts';
import type { Finding, Inspection } from './inspection.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly executions: Executions;
  readonly bookmarks: Bookmarks;
  readonly clock: Clock;
}

const PAGE = 25;

/**
 * Closes the requests that nobody decides any more: their workflow was never started, or is gone. It is not started
 * now: its requester was told that it had failed, or has long stopped waiting.
 */
export function requestInspection({
  ledger,
  executions,
  bookmarks,
  clock,
}: Dependencies): Inspection<AccessRequest> {
  return {
    name: 'requests',
    pages: () =>
      dueRound({
        ledger,
        bookmarks,
        name: 'requests',
        type: accessRequestType,
        list: 'requests',
        isWithin: (request) => pathDueAt(request) < epochSeconds(clock),
        pageSize: PAGE,
      }),

    async inspect(request): Promise<Finding> {
      if (!isUndecided(request)) return 'fine';
      const status = await executions.statusOf(request.id);
      if (status === 'RUNNING') return 'fine';
      const failure = status === undefined ? NOT_STARTED : { state: 'Execution', error: status };
      await recordFailure({ ledger, clock })({ requestId: request.id, failure });
      return 'repaired';
    },
  };
}
