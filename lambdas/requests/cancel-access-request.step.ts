import { approvalType } from '../approval/approval.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { DependencyUnavailable } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { Problem } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import type { WaitingWorkflow } from '../platform/task-tokens.port.ts';
import { type Caller, isParty, whoCalls } from '../verification/caller.ts';
import { type AccessRequest, accessRequestType, cancel, caseIds, isCancellable } from './access-request.ts';
import { requestProblem, unknownTask } from './problems.ts';
import { isBundleId, requestBundleType, requestIdsOf } from './request-bundle.ts';
import type { CancellationBody } from './requests.routes.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly workflow: WaitingWorkflow;
  readonly clock: Clock;
}

/**
 * Takes a request back, or of several that were asked for together those that wait: its approval ends with it, in the same
 * transaction, then its workflow is told. If telling it fails, the wait ends in its own time, and finds it cancelled
 * (ADR 0003).
 * @throws Problem unknown_task, invalid_task_state
 */
export function cancelAccessRequest({ ledger, workflow, clock }: Dependencies) {
  return async (caller: Caller, id: string, said: CancellationBody): Promise<void> => {
    if (isBundleId(id)) return cancelBundle(caller, id, said);
    await cancelOne(caller, id, said);
  };

  async function cancelOne(caller: Caller, id: string, said: CancellationBody): Promise<void> {
    // An approver or the workflow may be at it at this moment: whoever was first, it is looked at anew.
    const before = await rereadOnConflict(() => withdraw(caller, id, said));
    await wake(before).catch((error: unknown) => {
      if (!(error instanceof DependencyUnavailable)) throw error;
    });
  }

  /** @returns the request as it waited, with its approval */
  async function withdraw(caller: Caller, id: string, said: CancellationBody) {
    const [request, approval] = await ledger.readAll([
      [accessRequestType, id],
      [approvalType, caseIds.approvalOf(id)],
    ]);
    if (request === undefined || !isParty(caller, request.entity)) throw unknownTask();
    if (!isCancellable(request.entity)) throw settled(request.entity.status);
    const changes = [
      replacement(accessRequestType, request, cancel(request.entity, epochSeconds(clock))),
      ...(approval?.entity.status === 'pending'
        ? [replacement(approvalType, approval, { ...approval.entity, status: 'cancelled' })]
        : []),
    ];
    await ledger.commit({
      chain: id,
      event: caseEvent(clock, request.entity.txn, 'request.cancelled', whoCalls(caller), saidOf(said)),
      changes,
    });
    return { request: request.entity, approval: approval?.entity };
  }

  async function wake({ request, approval }: Awaited<ReturnType<typeof withdraw>>): Promise<void> {
    const outcome = { outcome: 'cancelled' };
    if (approval?.status === 'pending')
      await workflow.resume(approval.encryptedTaskToken, approval.id, outcome);
    else if (request.status === 'awaiting_step_up' && request.encryptedTaskToken !== undefined)
      await workflow.resume(request.encryptedTaskToken, request.id, outcome);
  }

  /** What is not recorded yet never is; then each request that waits is taken back. */
  async function cancelBundle(caller: Caller, id: string, said: CancellationBody): Promise<void> {
    const { bundle, dropped } = await rereadOnConflict(async () => {
      const stored = await ledger.read(requestBundleType, id);
      if (stored === undefined || !isParty(caller, stored.entity)) throw unknownTask();
      const { unrecorded } = stored.entity;
      if (unrecorded.length > 0)
        await ledger.commit({
          chain: id,
          event: caseEvent(clock, stored.entity.txn, 'requests.cancelled', whoCalls(caller), saidOf(said)),
          changes: [
            replacement(requestBundleType, stored, {
              ...stored.entity,
              unrecorded: [],
              cancelledAtEpochSeconds: epochSeconds(clock),
            }),
          ],
        });
      return { bundle: stored.entity, dropped: unrecorded.length };
    });
    const found = await ledger.readAll(
      requestIdsOf(bundle).map((requestId) => [accessRequestType, requestId] as const),
    );
    const waiting = found.flatMap((one) => (one && isCancellable(one.entity) ? [one.entity.id] : []));
    if (waiting.length === 0 && dropped === 0) throw settled('settled');
    for (const requestId of waiting) {
      await cancelOne(caller, requestId, said).catch((error: unknown) => {
        // It was settled meanwhile, and stays so.
        if (!isSettledMeanwhile(error)) throw error;
      });
    }
  }
}

/** What was said with it, for whoever audits. */
function saidOf({ reason, comment }: NonNullable<CancellationBody> = {}): Record<string, string> {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(comment === undefined ? {} : { comment }),
  };
}

function settled(status: AccessRequest['status'] | 'settled') {
  return requestProblem(
    'invalid_task_state',
    status === 'permitted' || status === 'approved'
      ? 'It was granted: give the grant back instead.'
      : `It is ${status}, and stays so.`,
  );
}

function isSettledMeanwhile(error: unknown): boolean {
  return (
    error instanceof Problem && error.type === 'urn:openid:authzen:access-request:error:invalid_task_state'
  );
}
