import * as z from 'zod';
import { AccessDecision } from '../decision/access-decision.ts';
import { RequestedResource } from '../decision/requested-resource.ts';
import { PathFailure } from '../minting/grant.ts';
import { Channel } from '../platform/channel.ts';
import type { EntityType } from '../platform/entity.ts';
import { PartyReference } from '../verification/session.ts';

const submitted = z.object({
  id: z.string(),
  txn: z.string(),
  principal: PartyReference,
  actors: z.array(PartyReference),
  channel: Channel,
  session: z.string(),
  /** The grants of which a part is asked for, nearest first. */
  ancestors: z.array(z.string()).default([]),
  /** The thumbprint of the key that was proven with the request, where its session is bound to one (RFC 9449). */
  keyThumbprint: z.string().optional(),
  target: z.string(),
  /** The thing at the target that it is for, where it is not the target itself. */
  resource: RequestedResource.optional(),
  /** What an enforcement point said of the circumstances when it was denied, as far as policies look at it. */
  circumstances: z.record(z.string(), z.json()).optional(),
  permissions: z.array(z.string()),
  durationSeconds: z.int().positive(),
  justification: z.string(),
  /** Its requester says that it is an emergency: approvers see it, and nothing else follows from it. */
  emergency: z.literal(true).optional(),
  /** The denied evaluation that it follows from. */
  evaluation: z.string().optional(),
  createdAtEpochSeconds: z.int(),
});
/** What a request holds from its first moment on. */
export const Submitted = submitted.extend({ status: z.literal('submitted') });

const decided = submitted.extend({ decision: AccessDecision });

/** Why a request was denied. */
export const DenialReason = z.enum([
  'unknown_principal',
  'principal_not_active',
  'principal_frozen',
  'groups_in_a_cycle',
  'owner_not_active',
  'owner_frozen',
  'target_frozen',
  'session_ended',
  'policy',
  'step_up_required',
  'approval_denied',
  'approval_timed_out',
]);
export type DenialReason = z.infer<typeof DenialReason>;

/** One request for access; each status adds the fields that it owns. */
export const AccessRequest = z.discriminatedUnion('status', [
  Submitted,
  submitted.extend({ status: z.literal('verified') }),
  /** Waits for its requester to authenticate more strongly in the same session, until then. */
  decided.extend({
    status: z.literal('awaiting_step_up'),
    stepUp: z.object({
      aal: z.union([z.literal(1), z.literal(2), z.literal(3)]),
      expiresAtEpochSeconds: z.int(),
    }),
    encryptedTaskToken: z.string().optional(),
    taskTokenFingerprint: z.string().optional(),
  }),
  decided.extend({ status: z.literal('awaiting_approval') }),
  /** Decided and, where asked for, approved: its grant exists and waits to become active. */
  decided.extend({ status: z.literal('permitted') }),
  decided.extend({ status: z.literal('approved'), approvedAtEpochSeconds: z.int() }),
  submitted.extend({
    status: z.literal('denied'),
    decision: AccessDecision.optional(),
    reason: DenialReason,
    endedAtEpochSeconds: z.int(),
  }),
  submitted.extend({
    status: z.literal('failed'),
    decision: AccessDecision.optional(),
    failure: PathFailure,
    endedAtEpochSeconds: z.int(),
  }),
  /** A party of it took it back before it was decided. */
  submitted.extend({
    status: z.literal('cancelled'),
    decision: AccessDecision.optional(),
    endedAtEpochSeconds: z.int(),
  }),
]);
export type AccessRequest = z.infer<typeof AccessRequest>;
export type AccessRequestIn<Status extends AccessRequest['status']> = Extract<
  AccessRequest,
  { status: Status }
>;

export const accessRequestType: EntityType<typeof AccessRequest> = {
  kind: 'REQUEST',
  schema: AccessRequest,
  listEntries: (request) => [
    ...(request.status === 'awaiting_step_up'
      ? [{ kind: 'WAITING_IN' as const, list: request.session, place: request.id, entityId: request.id }]
      : []),
    ...(isUndecided(request)
      ? [
          {
            kind: 'DUE' as const,
            list: 'requests',
            place: `${pathDueAt(request)}#${request.id}`,
            entityId: request.id,
          },
        ]
      : []),
  ],
};

/** A request's workflow begins within seconds: after this long it has, or never will. */
export const START_SECONDS = 600;

/** From when on an undecided request is looked at, in epoch seconds: whether somebody still decides it. */
export function pathDueAt({ createdAtEpochSeconds }: AccessRequest): number {
  return createdAtEpochSeconds + START_SECONDS;
}

/** Whether its workflow still has to come to a decision. After that its grant says how far it is. */
export function isUndecided(request: AccessRequest): boolean {
  return !isSettled(request) && request.status !== 'permitted';
}

/** The ids of one case: a request has at most one approval and one grant, so their ids follow from its own. */
export const caseIds = {
  request: (unique: string) => `req-${unique}`,
  approvalOf: (requestId: string) => requestId.replace(/^req-/, 'approval-'),
  grantOf: (requestId: string) => requestId.replace(/^req-/, 'grant-'),
} as const;

/** Ends a request as denied. */
export function deny(
  request: AccessRequestIn<'submitted' | 'verified' | 'awaiting_step_up' | 'awaiting_approval'>,
  reason: DenialReason,
  nowEpochSeconds: number,
): AccessRequestIn<'denied'> {
  return { ...request, status: 'denied', reason, endedAtEpochSeconds: nowEpochSeconds };
}

/** True once nothing more can happen to the request itself. */
export function isSettled(
  request: AccessRequest,
): request is AccessRequestIn<'approved' | 'denied' | 'failed' | 'cancelled'> {
  return ['approved', 'denied', 'failed', 'cancelled'].includes(request.status);
}

/** Whether a party may still take it back: once it is permitted there is a grant to give back instead. */
export function isCancellable(
  request: AccessRequest,
): request is AccessRequestIn<'submitted' | 'verified' | 'awaiting_step_up' | 'awaiting_approval'> {
  return !isSettled(request) && request.status !== 'permitted';
}

/** Takes a request back. */
export function cancel(
  request: AccessRequestIn<'submitted' | 'verified' | 'awaiting_step_up' | 'awaiting_approval'>,
  nowEpochSeconds: number,
): AccessRequestIn<'cancelled'> {
  return { ...request, status: 'cancelled', endedAtEpochSeconds: nowEpochSeconds };
}
