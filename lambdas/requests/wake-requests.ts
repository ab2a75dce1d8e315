import type { Ledger } from '../platform/ledger.port.ts';
import type { WaitingWorkflow } from '../platform/task-tokens.port.ts';
import type { SessionWaiters } from '../verification/session-waiters.port.ts';
import { accessRequestType } from './access-request.ts';

/** A session has few requests that wait for the same step-up; whoever is not woken waits for the timeout. */
const MOST_WAITING = 50;

/** Wakes the workflows of the requests that wait for a step-up in a session. They decide again by themselves. */
export function wakeRequests({
  ledger,
  workflow,
}: {
  readonly ledger: Pick<Ledger, 'list'>;
  readonly workflow: WaitingWorkflow;
}): SessionWaiters {
  return {
    async notify(sessionId) {
      const list = { kind: 'WAITING_IN', name: sessionId } as const;
      const { items } = await ledger.list(accessRequestType, list, { limit: MOST_WAITING });
      for (const request of items) {
        // One whose wait is not written down yet looks at the session itself before it waits.
        if (request.status !== 'awaiting_step_up' || request.encryptedTaskToken === undefined) continue;
        await workflow.resume(request.encryptedTaskToken, request.id, { outcome: 'evidence-added' });
      }
    },
  };
}
