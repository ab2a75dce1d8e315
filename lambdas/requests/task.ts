import type { Approval } from '../approval/approval.ts';
import type { PermissionDecision } from '../decision/access-decision.ts';
import type { Grant } from '../minting/grant.ts';
import { timeDocument } from '../platform/documents.ts';
import { formatDuration } from '../platform/duration.ts';
import { acrOf } from '../verification/assurance.ts';
import { type AccessRequest, isSettled } from './access-request.ts';
import type { Task } from './requests.routes.ts';

/** A request as its requester sees it: the task of the access-request profile. */
export function taskOf(request: AccessRequest, approval?: Approval, grant?: Grant): Task {
  return {
    id: request.id,
    status: isSettled(request) ? request.status : 'pending',
    status_endpoint: `/access/v1/requests/${request.id}`,
    state: request.status,
    ...(request.status === 'denied' ? { reason: request.reason } : {}),
    ...(request.status === 'failed' ? { failure: request.failure } : {}),
    target: request.target,
    permissions: 'decision' in request ? (request.decision?.permissions ?? []).map(permissionStatus) : [],
    requested: { permissions: request.permissions, duration: formatDuration(request.durationSeconds) },
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
    ...(request.status === 'approved' && grant !== undefined && 'expiresAtEpochSeconds' in grant
      ? {
          result: {
            mode: 'reevaluate',
            approval: {
              id: grant.id,
              approved_at: timeDocument(request.approvedAtEpochSeconds),
              approved_until: timeDocument(grant.expiresAtEpochSeconds),
            },
          },
        }
      : {}),
    created_at: timeDocument(request.createdAtEpochSeconds),
  };
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
