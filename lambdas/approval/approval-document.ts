import { formatDuration, timestamp } from '../platform/duration.ts';
import { acrOf } from '../verification/assurance.ts';
import type { Approval } from './approval.ts';
import type { ApprovalDocument } from './approvals.routes.ts';

/** An approval as the API shows it. */
export function approvalDocument(approval: Approval): ApprovalDocument {
  return {
    id: approval.id,
    status: approval.status,
    request: approval.requestId,
    principal: { type: approval.principal.kind, id: approval.principal.id },
    actors: approval.actors.map(({ kind, id }) => ({ type: kind, id })),
    target: approval.target,
    permissions: approval.proposal.permissions,
    duration: formatDuration(approval.proposal.durationSeconds),
    justification: approval.justification,
    requirements: approval.requirements.map(({ approvers, quorum, approverAal, permissions }) => ({
      approvers,
      quorum,
      approver_acr: acrOf(approverAal) ?? '',
      permissions,
    })),
    votes: approval.votes.map(({ approver, decision, comment, atEpochSeconds }) => ({
      approver,
      decision,
      comment,
      at: timestamp(atEpochSeconds * 1000),
    })),
    created_at: timestamp(approval.createdAtEpochSeconds * 1000),
    expires_at: timestamp(approval.expiresAtEpochSeconds * 1000),
  };
}
