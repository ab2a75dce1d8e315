import type { Approval } from '../approval/approval.ts';
import type { PermissionDecision } from '../decision/access-decision.ts';
import { ACCESS_REQUEST_PATH } from '../decision/authzen.routes.ts';
import type { Grant } from '../minting/grant.ts';
import { timeDocument } from '../platform/documents.ts';
import { formatDuration } from '../platform/duration.ts';
import { acrOf } from '../verification/assurance.ts';
import { type AccessRequest, isCancellable, isSettled } from './access-request.ts';
import { requestProblem } from './problems.ts';
import { isLost, type RequestBundle } from './request-bundle.ts';
import type { BundleTask, Task, TaskResult, TaskStatus } from './requests.routes.ts';

/** A settled task is shown for this long after nothing more can come of it. */
const SHOWN_SECONDS = 30 * 24 * 3600;

/** What there is of one request: its approval and its grant, where it has come to them. */
export interface CaseState {
  readonly request: AccessRequest;
  readonly approval?: Approval | undefined;
  readonly grant?: Grant | undefined;
}

/**
 * A request as its requester sees it: the task of the access-request profile.
 * @param baseUrl of the API, which the profile's addresses begin with; empty for paths
 */
export function taskOf({ request, approval, grant }: CaseState, baseUrl: string): Task {
  const status = statusOf(request);
  const expiresAt = taskExpiry({ request, approval, grant });
  const result = resultOf({ request, grant });
  return {
    id: request.id,
    status,
    status_endpoint: statusEndpoint(request.id, baseUrl),
    ...(expiresAt === undefined ? {} : { expires_at: timeDocument(expiresAt) }),
    ...(approval?.status === 'pending' ? { progress: progressOf(approval) } : {}),
    ...(isCancellable(request) ? { links: cancelLink(request.id, baseUrl) } : {}),
    state: request.status,
    ...(request.status === 'denied' ? { reason: request.reason } : {}),
    ...(request.status === 'failed' ? { failure: request.failure } : {}),
    target: request.target,
    ...(request.resource === undefined ? {} : { resource: request.resource }),
    permissions: 'decision' in request ? (request.decision?.permissions ?? []).map(permissionStatus) : [],
    requested: {
      permissions: request.permissions,
      duration: formatDuration(request.durationSeconds),
      ...(request.emergency === undefined ? {} : { emergency: request.emergency }),
    },
    ...(request.status === 'awaiting_step_up'
      ? {
          step_up: {
            acr_value: acrOf(request.stepUp.aal) ?? '',
            session: request.session,
            expires_at: timeDocument(request.stepUp.expiresAtEpochSeconds),
          },
        }
      : {}),
    ...(approval === undefined
      ? {}
      : {
          approval: {
            id: approval.id,
            status: approval.status,
            expires_at: timeDocument(approval.expiresAtEpochSeconds),
          },
        }),
    ...(grant === undefined ? {} : { grant: grantSummary(grant) }),
    ...(result === undefined ? {} : { result }),
    created_at: timeDocument(request.createdAtEpochSeconds),
  };
}

/** A task as an answer of the profile holds it: the result of one request beside it. */
export function taskAnswer(task: Task | BundleTask) {
  return 'result' in task ? { task, result: task.result } : { task };
}

/** Several requests that were asked for together: each item as its request says. */
export function bundleTaskOf(
  bundle: RequestBundle,
  cases: readonly CaseState[],
  nowEpochSeconds: number,
  baseUrl: string,
): BundleTask {
  const byId = new Map(cases.map((one) => [one.request.id, one]));
  const items = bundle.items.map(({ resource, action, requestId }) => ({
    resource,
    action: { name: action },
    request: requestId,
    ...itemState(bundle, action, byId.get(requestId), nowEpochSeconds),
  }));
  const statuses = new Set(items.map(({ status }) => status));
  const [only = 'pending'] = statuses;
  const status = statuses.has('pending') ? 'pending' : statuses.size > 1 ? 'partial' : only;
  const expiresAt = bundleExpiry(bundle, cases);
  return {
    id: bundle.id,
    status,
    status_endpoint: statusEndpoint(bundle.id, baseUrl),
    ...(expiresAt === undefined ? {} : { expires_at: timeDocument(expiresAt) }),
    ...(status === 'pending' ? { links: cancelLink(bundle.id, baseUrl) } : {}),
    items,
    created_at: timeDocument(bundle.createdAtEpochSeconds),
  };
}

function itemState(
  bundle: RequestBundle,
  action: string,
  of: CaseState | undefined,
  now: number,
): Pick<BundleTask['items'][number], 'status' | 'reason' | 'result'> {
  if (of === undefined) {
    if (bundle.cancelledAtEpochSeconds !== undefined) return { status: 'cancelled' };
    return { status: isLost(bundle, now) ? 'failed' : 'pending' };
  }
  const { request, grant } = of;
  if (request.status === 'denied') return { status: statusOf(request), reason: request.reason };
  if (request.status !== 'approved') return { status: statusOf(request) };
  // What an approver has narrowed away, or policy denied, is not in the grant.
  const result = resultOf(of);
  return result === undefined || grant?.permissions.includes(action) !== true
    ? { status: 'denied' }
    : { status: 'approved', result };
}

/** The profile's status: what waits for whom is one thing to it. */
function statusOf(request: AccessRequest): TaskStatus {
  if (!isSettled(request)) return 'pending';
  return request.status === 'denied' && request.reason === 'approval_timed_out' ? 'expired' : request.status;
}

/**
 * When a task is over: while it waits, when it is given up if nobody decides; once it is settled, when it is not shown any
 * more. Undefined while nobody can say.
 */
export function taskExpiry({ request, approval, grant }: CaseState): number | undefined {
  switch (request.status) {
    case 'awaiting_step_up':
      return request.stepUp.expiresAtEpochSeconds;
    case 'awaiting_approval':
      return approval?.expiresAtEpochSeconds;
    case 'approved':
      return grant !== undefined && 'expiresAtEpochSeconds' in grant
        ? grant.expiresAtEpochSeconds + SHOWN_SECONDS
        : undefined;
    case 'denied':
    case 'failed':
    case 'cancelled':
      return request.endedAtEpochSeconds + SHOWN_SECONDS;
    default:
      return undefined;
  }
}

/** A bundle is over when the last of its requests is. */
export function bundleExpiry(bundle: RequestBundle, cases: readonly CaseState[]): number | undefined {
  const recorded = cases.map(taskExpiry);
  if (recorded.includes(undefined)) return undefined;
  const all = [bundle.createdAtEpochSeconds + SHOWN_SECONDS, ...recorded.flatMap((expiry) => expiry ?? [])];
  return Math.max(...all);
}

/** @throws Problem task_expired, where it is settled and has been shown for long enough */
export function requireShown(
  isPending: boolean,
  expiresAtEpochSeconds: number | undefined,
  now: number,
): void {
  if (!isPending && expiresAtEpochSeconds !== undefined && now >= expiresAtEpochSeconds)
    throw requestProblem('task_expired', 'What came of it is in the audit chain; ask anew.');
}

function resultOf({ request, grant }: CaseState): TaskResult | undefined {
  if (request.status !== 'approved' || grant === undefined || !('expiresAtEpochSeconds' in grant))
    return undefined;
  return {
    mode: 'reevaluate',
    approval: {
      id: grant.id,
      approved_at: timeDocument(request.approvedAtEpochSeconds),
      approved_until: timeDocument(grant.expiresAtEpochSeconds),
    },
  };
}

/** Each approver that is asked for is a step. */
function progressOf({ requirements, votes }: Approval): NonNullable<Task['progress']> {
  const votesIn = (group: string) => votes.filter(({ groups }) => groups.includes(group)).length;
  const open = requirements.filter(({ approvers, quorum }) => votesIn(approvers) < quorum);
  const given = requirements.map(({ approvers, quorum }) => Math.min(quorum, votesIn(approvers)));
  return {
    step_name: 'approval',
    current_step: given.reduce((sum, count) => sum + count, 0) + 1,
    total_steps: requirements.reduce((sum, { quorum }) => sum + quorum, 0),
    awaiting: open.map(({ approvers }) => approvers),
  };
}

function statusEndpoint(id: string, baseUrl: string): string {
  return `${baseUrl}${ACCESS_REQUEST_PATH}/${id}`;
}

function cancelLink(id: string, baseUrl: string) {
  return { cancel: `${statusEndpoint(id, baseUrl)}/cancel` };
}

function grantSummary(grant: Grant): NonNullable<Task['grant']> {
  return {
    id: grant.id,
    status: grant.status,
    permissions: grant.permissions,
    ...('expiresAtEpochSeconds' in grant ? { expires_at: timeDocument(grant.expiresAtEpochSeconds) } : {}),
    ...('reason' in grant ? { reason: grant.reason } : {}),
    ...('failure' in grant && grant.failure !== undefined ? { failure: grant.failure } : {}),
  };
}

function permissionStatus(decision: PermissionDecision): Task['permissions'][number] {
  const { permission, outcome, policies } = decision;
  if (decision.outcome !== 'obliged') return { permission, outcome, policies };
  const { approvals, stepUpAal } = decision.obligations;
  return {
    permission,
    outcome,
    policies,
    obligations: [
      ...approvals.map(({ approvers, quorum, approverAal }) => ({
        type: 'approval' as const,
        properties: { approvers, quorum, approver_acr: acrOf(approverAal) ?? null },
      })),
      ...(stepUpAal === undefined
        ? []
        : [{ type: 'step-up' as const, properties: { acr_value: acrOf(stepUpAal) ?? null } }]),
    ],
  };
}
