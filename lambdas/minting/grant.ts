import { createHash } from 'node:crypto';
import * as z from 'zod';
import { PermissionsApproval } from '../decision/access-decision.ts';
import { RequestedResource } from '../decision/requested-resource.ts';
import type { EntityType } from '../platform/entity.ts';
import { PartyReference } from '../verification/session.ts';

/** Why a grant ended. */
export const EndReason = z.enum(['expired', 'returned', 'revoked', 'parent_ended', 'failed']);
export type EndReason = z.infer<typeof EndReason>;

/** What proves that a credential is dead: it was tried, or its target asked, and this was the answer. */
export const Receipt = z.object({
  probedAtEpochSeconds: z.int(),
  answer: z.literal('dead'),
  how: z.string(),
});
export type Receipt = z.infer<typeof Receipt>;

/** SHA-256 of each part by which a leaked credential is recognised, hex; the first one is shown. */
const Fingerprints = z.array(z.string()).min(1);

/**
 * When the last claim before this one began that got no answer: what it made at its target, if anything, nobody has.
 * Most is replaced by what is made under the same name; what has no name there lives until its time is over.
 */
const lost = { lostTryAtEpochSeconds: z.int().optional() };

/**
 * A grant's one credential. What is kept of it is its handle, which is also its name at the target, and a
 * fingerprint; never the credential.
 */
const credential = {
  prepared: z.object({ status: z.literal('prepared'), handle: z.string(), ...lost }),
  /** Claimed: the intent to make it, written before it is made. */
  issuing: z.object({
    status: z.literal('issuing'),
    handle: z.string(),
    sinceEpochSeconds: z.int(),
    expiresAtEpochSeconds: z.int(),
    ...lost,
  }),
  live: z.object({
    status: z.literal('live'),
    handle: z.string(),
    fingerprints: Fingerprints,
    issuedAtEpochSeconds: z.int(),
    expiresAtEpochSeconds: z.int(),
    ...lost,
  }),
  revoked: z.object({
    status: z.literal('revoked'),
    handle: z.string(),
    /** None where no credential was ever made. */
    fingerprints: Fingerprints.optional(),
    receipt: Receipt,
  }),
} as const;

const Credential = z.discriminatedUnion('status', [
  credential.prepared,
  credential.issuing,
  credential.live,
  credential.revoked,
]);
export type Credential = z.infer<typeof Credential>;

const pending = z.object({
  id: z.string(),
  requestId: z.string(),
  txn: z.string(),
  principal: PartyReference,
  actors: z.array(PartyReference),
  /** The session that it was asked for in. */
  session: z.string(),
  /** The grants that it is a part of, nearest first: it holds no more than any of them, and ends no later. */
  ancestors: z.array(z.string()).default([]),
  /** The thumbprint of the key that its request proved: who claims must prove the same one (RFC 9449). */
  keyThumbprint: z.string().optional(),
  target: z.string(),
  /** The thing at the target that it is for, where it is not the target itself. */
  resource: RequestedResource.optional(),
  /** The circumstances that it was asked for in, as far as policies look at them. */
  circumstances: z.record(z.string(), z.json()).optional(),
  permissions: z.array(z.string()).min(1),
  durationSeconds: z.int().positive(),
  /** Who approved it, and what was thereby satisfied, where approval was asked for. */
  approval: z.object({ approvers: z.array(z.string()), satisfied: z.array(PermissionsApproval) }).optional(),
  createdAtEpochSeconds: z.int(),
});

const active = pending.extend({
  activatedAtEpochSeconds: z.int(),
  expiresAtEpochSeconds: z.int(),
  credential: Credential,
  /** The task token of the workflow's hold, encrypted, once the hold has begun. */
  encryptedHoldToken: z.string().optional(),
  /** SHA-256 of that token: a call that is made again is told from another attempt. */
  holdTokenFingerprint: z.string().optional(),
});

/** The state that failed, and the failure's name. */
export const PathFailure = z.object({ state: z.string(), error: z.string() });
export type PathFailure = z.infer<typeof PathFailure>;

const ending = active.extend({
  reason: EndReason,
  failure: PathFailure.optional(),
  /** The revocation that ended it, where one did. */
  revocation: z.string().optional(),
  endingSinceEpochSeconds: z.int(),
});

/** A principal's right to certain permissions on one target until a time. */
export const Grant = z.discriminatedUnion('status', [
  pending.extend({ status: z.literal('pending') }),
  active.extend({ status: z.literal('active') }),
  /** Refused from this moment; its credential is being revoked. */
  ending.extend({ status: z.literal('ending') }),
  /** Its credential could not be confirmed dead. Never shown as done. */
  ending.extend({ status: z.literal('unresolved') }),
  ending.extend({ status: z.literal('ended'), endedAtEpochSeconds: z.int() }),
  /** It never became active: no credential was ever made. */
  pending.extend({ status: z.literal('abandoned'), endedAtEpochSeconds: z.int() }),
]);
export type Grant = z.infer<typeof Grant>;
export type GrantIn<Status extends Grant['status']> = Extract<Grant, { status: Status }>;

/** How long a fingerprint is kept after its credential's time is over: a leak is often found late. */
const FINGERPRINT_KEPT_SECONDS = 90 * 24 * 3600;
/** A grant that waits to become active is looked at after this long: its path has stopped. */
const ACTIVATION_SECONDS = 3600;

export const grantType: EntityType<typeof Grant> = {
  kind: 'GRANT',
  schema: Grant,
  listEntries: (grant) => [
    ...partyIds(grant).map((id) => placed(grant, 'GRANTS_OF', id)),
    ...(isOver(grant)
      ? []
      : [
          ...liveUnder(grant).map((list) => placed(grant, 'LIVE_UNDER', list)),
          { kind: 'DUE' as const, list: 'grants', place: `${dueAt(grant)}#${grant.id}`, entityId: grant.id },
        ]),
    ...fingerprintsIn(grant).map((fingerprint) => ({
      kind: 'FINGERPRINT' as const,
      list: fingerprint,
      place: `GRANT#${grant.id}`,
      entityId: grant.id,
      collectAtEpochSeconds: dueAt(grant) + FINGERPRINT_KEPT_SECONDS,
    })),
  ],
};

/** What a revocation may start from, to find the grants that it concerns. */
export const liveUnderList = {
  principal: (id: string) => `principal:${id}`,
  target: (id: string) => `target:${id}`,
  session: (id: string) => `session:${id}`,
  ancestor: (grantId: string) => `grant:${grantId}`,
} as const;

function liveUnder(grant: Grant): string[] {
  return [
    ...partyIds(grant).map(liveUnderList.principal),
    liveUnderList.target(grant.target),
    liveUnderList.session(grant.session),
    ...grant.ancestors.map(liveUnderList.ancestor),
  ];
}

function placed<Kind extends 'GRANTS_OF' | 'LIVE_UNDER'>(grant: Grant, kind: Kind, list: string) {
  return { kind, list, place: `${grant.createdAtEpochSeconds}#${grant.id}`, entityId: grant.id };
}

/** Its principal and whoever acts for it, each once. */
function partyIds(grant: Grant): string[] {
  return [...new Set([grant.principal, ...grant.actors].map(({ id }) => id))];
}

/** When a grant that has not ended should have: what is found after it is the reconciler's. */
export function dueAt(grant: Grant): number {
  return 'expiresAtEpochSeconds' in grant
    ? grant.expiresAtEpochSeconds
    : grant.createdAtEpochSeconds + ACTIVATION_SECONDS;
}

function fingerprintsIn(grant: Grant): readonly string[] {
  const credential = 'credential' in grant ? grant.credential : undefined;
  return credential !== undefined && 'fingerprints' in credential ? (credential.fingerprints ?? []) : [];
}

/** Whether nothing more can happen to it. */
export function isOver(grant: Grant): grant is GrantIn<'ended' | 'abandoned'> {
  return grant.status === 'ended' || grant.status === 'abandoned';
}

/** The external name of a grant's credential: deterministic, so that what a crash left can be found and ended. */
export function credentialHandle(grantId: string): string {
  return `sallyport-${grantId}`;
}

/** The name of the secret that a grant's credential is kept in. */
export function grantSecretName(grantId: string): string {
  return `sallyport/grants/${grantId}`;
}

/** SHA-256 of a credential or a task token, hex: what is kept of it, so that it can be recognised. */
export function fingerprintOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** What the grant's scope is for, in a form that names the target (RFC 9396 §2). */
export function authorizationDetails(grant: Grant) {
  return {
    type: 'sallyport-grant',
    identifier: grant.target,
    actions: grant.permissions,
    grant_id: grant.id,
  };
}

/** Starts the grant's clock. A part of other grants ends with them at the latest. */
export function activate(
  grant: GrantIn<'pending'>,
  nowEpochSeconds: number,
  ancestors: readonly GrantIn<'active'>[] = [],
): GrantIn<'active'> {
  return {
    ...grant,
    status: 'active',
    activatedAtEpochSeconds: nowEpochSeconds,
    expiresAtEpochSeconds: Math.min(
      nowEpochSeconds + grant.durationSeconds,
      ...ancestors.map(({ expiresAtEpochSeconds }) => expiresAtEpochSeconds),
    ),
    credential: { status: 'prepared', handle: credentialHandle(grant.id) },
  };
}

/** Ends the right at once; the credential's end is still to be confirmed. */
export function beginEnding(
  grant: GrantIn<'active'>,
  reason: EndReason,
  nowEpochSeconds: number,
  { failure, revocation }: { failure?: PathFailure | undefined; revocation?: string | undefined } = {},
): GrantIn<'ending'> {
  return {
    ...grant,
    status: 'ending',
    reason,
    endingSinceEpochSeconds: nowEpochSeconds,
    ...(failure === undefined ? {} : { failure }),
    ...(revocation === undefined ? {} : { revocation }),
  };
}

/** Whether the grant gives its right at this moment. */
export function isHeld(grant: Grant, nowEpochSeconds: number): grant is GrantIn<'active'> {
  return grant.status === 'active' && nowEpochSeconds < grant.expiresAtEpochSeconds;
}

/** The approvals that were given for one permission of the grant. */
export function approvalsOf(grant: Grant, permission: string): readonly PermissionsApproval[] {
  return (grant.approval?.satisfied ?? []).filter(({ permissions }) => permissions.includes(permission));
}

/** Whether a credential of the grant works at a target that asks Sallyport. */
export function hasLiveCredential(
  grant: Grant,
  nowEpochSeconds: number,
): grant is GrantIn<'active'> & { credential: Extract<Credential, { status: 'live' }> } {
  return (
    isHeld(grant, nowEpochSeconds) &&
    grant.credential.status === 'live' &&
    nowEpochSeconds < grant.credential.expiresAtEpochSeconds
  );
}

/** What a claim that takes the place of this credential's has to remember: that it, or one before, got no answer. */
export function lostTry(credential: Credential): { readonly lostTryAtEpochSeconds?: number } {
  if (credential.status === 'issuing') return { lostTryAtEpochSeconds: credential.sinceEpochSeconds };
  const at = 'lostTryAtEpochSeconds' in credential ? credential.lostTryAtEpochSeconds : undefined;
  return at === undefined ? {} : { lostTryAtEpochSeconds: at };
}

/** A claim that got no answer may be made again after this long: its function cannot be running any more. */
export const CLAIM_LEASE_SECONDS = 60;

/** Whether a claim may be at work on the credential, and make it at its target at any moment. */
export function isBeingClaimed(credential: Credential, nowEpochSeconds: number): boolean {
  return (
    credential.status === 'issuing' && nowEpochSeconds < credential.sinceEpochSeconds + CLAIM_LEASE_SECONDS
  );
}

/** Whether the grant's credential can be claimed, and if not, why not. */
export function claimability(
  grant: Grant,
  nowEpochSeconds: number,
): 'claimable' | 'not_active' | 'ended' | 'claimed' | 'being_claimed' {
  if (grant.status === 'pending') return 'not_active';
  if (!isHeld(grant, nowEpochSeconds)) return 'ended';
  switch (grant.credential.status) {
    case 'prepared':
      return 'claimable';
    case 'issuing':
      return isBeingClaimed(grant.credential, nowEpochSeconds) ? 'being_claimed' : 'claimable';
    default:
      return 'claimed';
  }
}
