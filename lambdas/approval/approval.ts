import * as z from 'zod';
import { PermissionsApproval } from '../decision/access-decision.ts';
import { RequestedResource } from '../decision/requested-resource.ts';
import type { EntityType } from '../platform/entity.ts';
import type { Aal } from '../verification/evidence.ts';
import { PartyReference } from '../verification/session.ts';

/** One person's answer, to exactly what they saw. */
const Vote = z.object({
  approver: z.string(),
  decision: z.enum(['approve', 'deny']),
  comment: z.string(),
  /** The approver groups for which the vote counts. */
  groups: z.array(z.string()),
  aal: z.int(),
  /** What is left of the proposal after this vote. */
  permissions: z.array(z.string()),
  durationSeconds: z.int().positive(),
  atEpochSeconds: z.int(),
});
export type Vote = z.infer<typeof Vote>;

/** What approvers are asked for; it can be narrowed, never widened. */
const Proposal = z.object({
  permissions: z.array(z.string()),
  durationSeconds: z.int().positive(),
});
export type Proposal = z.infer<typeof Proposal>;

/** The approval that one request waits for. */
export const Approval = z.object({
  id: z.string(),
  requestId: z.string(),
  txn: z.string(),
  status: z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled']),
  principal: PartyReference,
  actors: z.array(PartyReference),
  target: z.string(),
  resource: RequestedResource.optional(),
  circumstances: z.record(z.string(), z.json()).optional(),
  justification: z.string(),
  emergency: z.literal(true).optional(),
  /** Principals who must not approve: the parties of the request and the owners of its NHIs. */
  excluded: z.array(z.string()),
  requirements: z.array(PermissionsApproval),
  proposal: Proposal,
  votes: z.array(Vote),
  createdAtEpochSeconds: z.int(),
  expiresAtEpochSeconds: z.int(),
  /** The workflow's task token, encrypted. */
  encryptedTaskToken: z.string(),
  /** SHA-256 of that token: a call that is made again is told from another attempt. */
  taskTokenFingerprint: z.string().optional(),
});
export type Approval = z.infer<typeof Approval>;

export const approvalType: EntityType<typeof Approval> = {
  kind: 'APPROVAL',
  schema: Approval,
  listEntries: (approval) =>
    approval.status !== 'pending'
      ? []
      : [...new Set(approval.requirements.map(({ approvers }) => approvers))].map((group) => ({
          kind: 'INBOX' as const,
          list: group,
          place: `${approval.createdAtEpochSeconds}#${approval.id}`,
          entityId: approval.id,
        })),
};

/** A person who may vote: their groups, and their assurance at this moment. */
export interface Voter {
  readonly id: string;
  readonly groups: readonly string[];
  readonly aal: Aal;
}

export interface Ballot {
  readonly decision: 'approve' | 'deny';
  readonly comment: string;
  readonly permissions?: readonly string[] | undefined;
  readonly durationSeconds?: number | undefined;
}

/** What becomes of a ballot. All but the first two change nothing. */
export type BallotOutcome =
  | { readonly outcome: 'counted'; readonly approval: Approval }
  /** The same person said the same before: nothing to do. */
  | { readonly outcome: 'repeated'; readonly approval: Approval }
  | { readonly outcome: 'self_approval' }
  | { readonly outcome: 'not_an_approver' }
  | { readonly outcome: 'too_weak'; readonly neededAal: 1 | 2 | 3 }
  | { readonly outcome: 'over'; readonly status: Approval['status'] }
  | { readonly outcome: 'voted_otherwise' }
  | { readonly outcome: 'widens'; readonly detail: string };

/**
 * Counts a ballot: approvers are distinct people of the asked-for groups, none of them a party of the request
 * or the owner of its NHI, each at the assurance that the policy asks for. One denial denies.
 */
export function castBallot(
  approval: Approval,
  voter: Voter,
  ballot: Ballot,
  nowEpochSeconds: number,
): BallotOutcome {
  if (approval.excluded.includes(voter.id)) return { outcome: 'self_approval' };
  const before = approval.votes.find(({ approver }) => approver === voter.id);
  if (before !== undefined && saysTheSame(before, ballot)) return { outcome: 'repeated', approval };
  const addressed = approval.requirements.filter(({ approvers }) => voter.groups.includes(approvers));
  if (addressed.length === 0 && before === undefined) return { outcome: 'not_an_approver' };
  if (approval.status !== 'pending') return { outcome: 'over', status: approval.status };
  if (nowEpochSeconds >= approval.expiresAtEpochSeconds) return { outcome: 'over', status: 'expired' };
  if (before !== undefined) return { outcome: 'voted_otherwise' };

  const neededAal =
    ([3, 2, 1] as const).find((aal) => addressed.some(({ approverAal }) => approverAal === aal)) ?? 3;
  if (voter.aal < neededAal) return { outcome: 'too_weak', neededAal };

  const proposal = narrow(approval.proposal, ballot);
  if ('detail' in proposal) return { outcome: 'widens', detail: proposal.detail };
  const vote: Vote = {
    approver: voter.id,
    decision: ballot.decision,
    comment: ballot.comment,
    groups: addressed.map(({ approvers }) => approvers),
    aal: voter.aal,
    ...proposal,
    atEpochSeconds: nowEpochSeconds,
  };
  const votes = [...approval.votes, vote];
  const requirements = stillNeeded(approval.requirements, proposal);
  return {
    outcome: 'counted',
    approval: { ...approval, proposal, requirements, votes, status: statusAfter(votes, requirements) },
  };
}

function statusAfter(
  votes: readonly Vote[],
  requirements: readonly PermissionsApproval[],
): Approval['status'] {
  if (votes.some(({ decision }) => decision === 'deny')) return 'denied';
  const met = requirements.every(
    ({ approvers, quorum }) => votes.filter(({ groups }) => groups.includes(approvers)).length >= quorum,
  );
  return met ? 'approved' : 'pending';
}

function narrow(proposal: Proposal, ballot: Ballot): Proposal | { readonly detail: string } {
  const permissions = [...new Set(ballot.permissions ?? proposal.permissions)];
  const durationSeconds = ballot.durationSeconds ?? proposal.durationSeconds;
  const added = permissions.filter((permission) => !proposal.permissions.includes(permission));
  if (added.length > 0) return { detail: `An approver can only narrow; not proposed: ${added.join(', ')}` };
  if (permissions.length === 0) return { detail: 'Nothing would be left to approve; deny instead' };
  if (durationSeconds > proposal.durationSeconds) {
    return { detail: `An approver can only shorten; proposed are ${proposal.durationSeconds} seconds` };
  }
  return { permissions, durationSeconds };
}

/** Permissions that were narrowed away need nobody's approval any more. */
function stillNeeded(
  requirements: readonly PermissionsApproval[],
  proposal: Proposal,
): PermissionsApproval[] {
  return requirements
    .map((requirement) => ({
      ...requirement,
      permissions: requirement.permissions.filter((one) => proposal.permissions.includes(one)),
    }))
    .filter(({ permissions }) => permissions.length > 0);
}

function saysTheSame(vote: Vote, ballot: Ballot): boolean {
  const permissions = [...new Set(ballot.permissions ?? vote.permissions)];
  return (
    vote.decision === ballot.decision &&
    (ballot.durationSeconds ?? vote.durationSeconds) === vote.durationSeconds &&
    permissions.length === vote.permissions.length &&
    permissions.every((permission) => vote.permissions.includes(permission))
  );
}
