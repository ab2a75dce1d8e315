import { attainable, type PermissionsApproval, strictestByGroup } from '../decision/access-decision.ts';
import { fingerprintOf } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { formatDuration } from '../platform/duration.ts';
import { creation, replacement } from '../platform/entity.ts';
import { ApprovalSettled, BrokenInvariant, RequestCancelled } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { TaskTokenSealer } from '../platform/task-tokens.port.ts';
import { type AccessRequestIn, accessRequestType, caseIds } from '../requests/access-request.ts';
import { loadPrincipals } from '../verification/directory.ts';
import { ownerOf } from '../verification/principal.ts';
import { type Approval, approvalType } from './approval.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly taskTokens: TaskTokenSealer;
  readonly clock: Clock;
}

/**
 * Puts a request before its approvers and leaves the workflow waiting for them. Done again, with the task token
 * of another attempt, it takes the new token: only the newest one answers. With the same one it changes nothing.
 * @throws ApprovalSettled where it was decided before that
 * @throws RequestCancelled where the request was taken back before that
 */
export function requestApproval({ ledger, taskTokens, clock }: Dependencies) {
  return async (input: {
    requestId: string;
    taskToken: string;
    approvalTimeoutSeconds: number;
  }): Promise<{ outcome: 'waiting' }> => {
    const approvalId = caseIds.approvalOf(input.requestId);
    const taskTokenFingerprint = fingerprintOf(input.taskToken);
    const [[request, before], encryptedTaskToken] = await Promise.all([
      ledger.readAll([
        [accessRequestType, input.requestId],
        [approvalType, approvalId],
      ]),
      taskTokens.seal(input.taskToken, approvalId),
    ]);
    if (request === undefined)
      throw new BrokenInvariant('A workflow runs for a request that is not recorded');
    if (request.entity.status === 'cancelled') throw new RequestCancelled('The request was taken back');
    if (before !== undefined) {
      if (before.entity.status !== 'pending') {
        throw new ApprovalSettled('The approval was decided before this wait for it began');
      }
      if (before.entity.taskTokenFingerprint === taskTokenFingerprint) return { outcome: 'waiting' };
      await ledger.commit({
        chain: input.requestId,
        event: caseEvent(
          clock,
          request.entity.txn,
          'approval.requested-again',
          { service: 'request-approval' },
          {},
        ),
        changes: [
          replacement(approvalType, before, { ...before.entity, encryptedTaskToken, taskTokenFingerprint }),
        ],
      });
      return { outcome: 'waiting' };
    }
    if (request.entity.status !== 'awaiting_approval') {
      throw new BrokenInvariant('An approval is asked for that the decision does not ask for');
    }
    const approval = approvalFor(
      request.entity,
      await excludedFrom(request.entity),
      { encryptedTaskToken, taskTokenFingerprint },
      epochSeconds(clock),
      input.approvalTimeoutSeconds,
    );
    await ledger.commit({
      chain: input.requestId,
      event: caseEvent(
        clock,
        request.entity.txn,
        'approval.requested',
        { service: 'request-approval' },
        {
          approval: approval.id,
          requirements: approval.requirements,
          permissions: approval.proposal.permissions,
          duration: formatDuration(approval.proposal.durationSeconds),
        },
      ),
      changes: [creation(approvalType, approval)],
    });
    return { outcome: 'waiting' };
  };

  /** Nobody approves for themself: not the requester, not who acts, not the owner of an NHI among them. */
  async function excludedFrom(request: AccessRequestIn<'awaiting_approval'>): Promise<string[]> {
    const parties = [request.principal.id, ...request.actors.map(({ id }) => id)];
    const known = await loadPrincipals(ledger, parties);
    const owners = parties.map((id) => {
      const party = known.get(id);
      if (party === undefined) throw new BrokenInvariant('A party of the request is not in the directory');
      return ownerOf(party);
    });
    return [...new Set([...parties, ...owners])];
  }
}

function approvalFor(
  request: AccessRequestIn<'awaiting_approval'>,
  excluded: string[],
  wait: Pick<Approval, 'encryptedTaskToken' | 'taskTokenFingerprint'>,
  now: number,
  timeoutSeconds: number,
): Approval {
  return {
    id: caseIds.approvalOf(request.id),
    requestId: request.id,
    txn: request.txn,
    status: 'pending',
    principal: request.principal,
    actors: request.actors,
    target: request.target,
    ...(request.resource === undefined ? {} : { resource: request.resource }),
    ...(request.circumstances === undefined ? {} : { circumstances: request.circumstances }),
    justification: request.justification,
    ...(request.emergency === undefined ? {} : { emergency: request.emergency }),
    excluded,
    requirements: requirementsOf(request),
    proposal: {
      permissions: attainable(request.decision.permissions).map(({ permission }) => permission),
      durationSeconds: request.decision.durationSeconds,
    },
    votes: [],
    createdAtEpochSeconds: now,
    expiresAtEpochSeconds: now + timeoutSeconds,
    ...wait,
  };
}

/** Each group is asked once, for all the permissions that need it, by the strictest of what they ask. */
function requirementsOf(request: AccessRequestIn<'awaiting_approval'>): PermissionsApproval[] {
  const asked = attainable(request.decision.permissions).flatMap((decision) =>
    decision.outcome === 'obliged'
      ? decision.obligations.approvals.map((approval) => ({ ...approval, permission: decision.permission }))
      : [],
  );
  return strictestByGroup(asked).map((requirement) => ({
    ...requirement,
    permissions: asked
      .filter(({ approvers }) => approvers === requirement.approvers)
      .map(({ permission }) => permission),
  }));
}
