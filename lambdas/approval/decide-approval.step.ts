import { grantType } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { formatDuration } from '../platform/duration.ts';
import { type Change, creation, replacement } from '../platform/entity.ts';
import { StateConflict } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import {
  conflict,
  forbidden,
  insufficientAuthentication,
  invalidRequest,
  notFound,
} from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import type { WaitingWorkflow } from '../platform/task-tokens.port.ts';
import { type AccessRequest, accessRequestType, deny } from '../requests/access-request.ts';
import { pendingGrant } from '../requests/pending-grant.ts';
import { acrOf } from '../verification/assurance.ts';
import { type Caller, groupsOf, whoCalls } from '../verification/caller.ts';
import { principalsWanted, withOwners } from '../verification/directory.ts';
import { freezeOf, freezeType, isFrozenAmong } from '../verification/freeze.ts';
import { ineligibility } from '../verification/principal.ts';
import { type Approval, approvalType, type Ballot, type BallotOutcome, castBallot } from './approval.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly workflow: WaitingWorkflow;
  readonly clock: Clock;
}

/**
 * Counts one person's decision. When it settles the approval, the request goes with it in the same transaction:
 * a grant is made, or the request is denied; then the workflow is told. If telling it fails, the same decision
 * sent again tells it again.
 */
export function decideApproval({ ledger, workflow, clock }: Dependencies) {
  return async (caller: Caller, approvalId: string, ballot: Ballot): Promise<Approval> => {
    // Another approver may be counted at the same moment; counting anew on what they left is safe.
    const approval = await rereadOnConflict(() => count(caller, approvalId, ballot));
    if (approval.status === 'approved' || approval.status === 'denied') {
      await workflow.resume(approval.encryptedTaskToken, approval.id, { outcome: approval.status });
    }
    return approval;
  };

  async function count(caller: Caller, approvalId: string, ballot: Ballot): Promise<Approval> {
    const stored = await ledger.read(approvalType, approvalId);
    if (stored === undefined) throw notFound('approval');
    const now = epochSeconds(clock);
    const voter = { id: caller.principal.id, groups: groupsOf(caller), aal: caller.assurance.aal };
    const cast = castBallot(stored.entity, voter, ballot, now);
    if (cast.outcome === 'not_an_approver') throw notFound('approval');
    if (caller.principal.kind !== 'user' || caller.actors.length > 0) {
      throw forbidden('not-a-person', 'A person decides an approval, in their own session.');
    }
    if (cast.outcome === 'repeated') return cast.approval;
    if (cast.outcome !== 'counted') throw refusalOf(cast);
    const { approval } = cast;
    await ledger.commit({
      chain: approval.requestId,
      event: caseEvent(clock, approval.txn, 'approval.decided', whoCalls(caller), {
        approval: approval.id,
        decision: ballot.decision,
        comment: ballot.comment,
        permissions: approval.proposal.permissions,
        duration: formatDuration(approval.proposal.durationSeconds),
        status: approval.status,
      }),
      changes: [replacement(approvalType, stored, approval), ...(await consequences(approval, now))],
    });
    return approval;
  }

  /** What is being contained is granted nothing, however long ago it asked. */
  async function requireNobodyFrozen({ principal, actors, target }: AccessRequest): Promise<void> {
    const parties = [principal.id, ...actors.map(({ id }) => id)];
    const found = await ledger.readAll([
      ...principalsWanted(parties),
      [freezeType, freezeOf.target(target)] as const,
    ]);
    const known = await withOwners(ledger, found);
    if (
      isFrozenAmong(found, [freezeOf.target(target)]) ||
      parties.some((id) => /_frozen$/.test(ineligibility(id, known) ?? ''))
    )
      throw conflict(
        'frozen',
        'Who asks, or the target, is frozen while it is contained. Deny it, or approve it once the freeze is lifted.',
      );
  }

  /** What a settled approval does to its request. */
  async function consequences(approval: Approval, now: number): Promise<Change[]> {
    if (approval.status === 'pending') return [];
    const request = await ledger.read(accessRequestType, approval.requestId);
    if (request?.entity.status !== 'awaiting_approval') {
      // Somebody settled it between the two reads.
      throw new StateConflict('The request waits for its approval no longer');
    }
    if (approval.status === 'denied') {
      return [replacement(accessRequestType, request, deny(request.entity, 'approval_denied', now))];
    }
    await requireNobodyFrozen(request.entity);
    const given = {
      approvers: approval.votes.map(({ approver }) => approver),
      satisfied: approval.requirements,
    };
    return [
      replacement(accessRequestType, request, { ...request.entity, status: 'permitted' }),
      creation(grantType, pendingGrant(request.entity, approval.proposal, now, given)),
    ];
  }
}

function refusalOf(cast: Exclude<BallotOutcome, { outcome: 'counted' | 'repeated' | 'not_an_approver' }>) {
  switch (cast.outcome) {
    case 'self_approval':
      return forbidden('self-approval', 'Nobody approves for themself or for an agent that they own.');
    case 'too_weak':
      return insufficientAuthentication(
        acrOf(cast.neededAal) ?? '',
        'The policy asks for a stronger authentication of its approvers',
      );
    case 'over':
      return conflict('approval-over', `This approval is ${cast.status}; it is decided once.`);
    case 'voted_otherwise':
      return conflict(
        'already-decided',
        'You have decided otherwise before; a decision is not taken back here.',
      );
    case 'widens':
      return invalidRequest(cast.detail);
  }
}
