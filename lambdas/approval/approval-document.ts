import { partyDocument, timeDocument } from '../platform/documents.ts';
import { formatDuration } from '../platform/duration.ts';
import { acrOf } from '../verification/assurance.ts';
import type { Approval } from './approval.ts';
import type { ApprovalDocument } from './approvals.routes.ts';

/** An approval as the API shows it. */
export function approvalDocument(approval: Approval): ApprovalDocument {
  return {
    id: approval.id,
    status: approval.status,
    request: approval.requestId,
    principal: partyDocument(approval.principal),
    actors: approval.actors.map(partyDocument),
    target: approval.target,
    ...(approval.resource === undefined ? {} : { resource: approval.resource }),
    ...(approval.circumstances === undefined ? {} : { circumstances: approval.circumstances }),
    permissions: approval.proposal.permissions,
    duration: formatDuration(approval.proposal.durationSeconds),
    justification: approval.justification,
    ...(approval.emergency === undefined ? {} : { emergency: approval.emergency }),
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
      at: timeDocument(atEpochSeconds),
    })),
    created_at: timeDocument(approval.createdAtEpochSeconds),
    expires_at: timeDocument(approval.expiresAtEpochSeconds),
  };
}
