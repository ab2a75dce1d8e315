import { approvalType } from '../approval/approval.ts';
import { grantType } from '../minting/grant.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type Caller, isParty } from '../verification/caller.ts';
import { accessRequestType, caseIds } from './access-request.ts';
import { unknownTask } from './problems.ts';
import { isBundleId, requestBundleType, requestIdsOf } from './request-bundle.ts';
import type { BundleTask, Task } from './requests.routes.ts';
import { bundleExpiry, bundleTaskOf, type CaseState, requireShown, taskExpiry, taskOf } from './task.ts';

interface Dependencies {
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly clock: Clock;
  /** The base URL of the API. */
  readonly issuer: string;
}

/**
 * The status of a request, or of several that were asked for together, for its parties.
 * @throws Problem unknown_task, task_expired
 */
export function readAccessRequest({ ledger, clock, issuer }: Dependencies) {
  return async (caller: Caller, id: string): Promise<Task | BundleTask> => {
    return isBundleId(id) ? readBundle(caller, id) : readOne(caller, id);
  };

  async function readOne(caller: Caller, id: string): Promise<Task> {
    const request = (await ledger.read(accessRequestType, id))?.entity;
    if (request === undefined || !isParty(caller, request)) throw unknownTask();
    // Until it is decided there is nothing else to read, and until then it is asked for most often.
    if (request.status === 'submitted' || request.status === 'verified') return taskOf({ request }, issuer);
    const [approval, grant] = await ledger.readAll([
      [approvalType, caseIds.approvalOf(id)],
      [grantType, caseIds.grantOf(id)],
    ]);
    const state = { request, approval: approval?.entity, grant: grant?.entity };
    const task = taskOf(state, issuer);
    requireShown(task.status === 'pending', taskExpiry(state), epochSeconds(clock));
    return task;
  }

  async function readBundle(caller: Caller, id: string): Promise<BundleTask> {
    const bundle = (await ledger.read(requestBundleType, id))?.entity;
    if (bundle === undefined || !isParty(caller, bundle)) throw unknownTask();
    const ids = requestIdsOf(bundle);
    const [requests, approvals, grants] = await Promise.all([
      ledger.readAll(ids.map((requestId) => [accessRequestType, requestId] as const)),
      ledger.readAll(ids.map((requestId) => [approvalType, caseIds.approvalOf(requestId)] as const)),
      ledger.readAll(ids.map((requestId) => [grantType, caseIds.grantOf(requestId)] as const)),
    ]);
    const cases = requests.flatMap((request, place): CaseState[] =>
      request === undefined
        ? []
        : [{ request: request.entity, approval: approvals[place]?.entity, grant: grants[place]?.entity }],
    );
    const now = epochSeconds(clock);
    const task = bundleTaskOf(bundle, cases, now, issuer);
    requireShown(task.status === 'pending', bundleExpiry(bundle, cases), now);
    return task;
  }
}
