import { createHash } from 'node:crypto';
import { CLAIM_LEASE_SECONDS, type Grant } from '../../grant.ts';

/** The tag by which the sessions of one grant are refused. */
export const GRANT_TAG = 'grant';

/** What AWS takes in names of sessions, in source identities and in values of tags alike. */
const ILLEGAL = /[^A-Za-z0-9_+=.@-]/g;
/** Of names and source identities (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). */
const LONGEST_NAME = 64;

/** A session lasts at least so long, and one that a role has asked for at most an hour (role chaining). */
export const SHORTEST_SESSION_SECONDS = 900;
export const LONGEST_SESSION_SECONDS = 3600;

/** The id itself where AWS takes it; otherwise what it takes of it, told from others by a digest. */
export function legalName(id: string): string {
  const legal = id.replace(ILLEGAL, '-');
  if (legal === id && id.length >= 2 && id.length <= LONGEST_NAME) return id;
  const digest = createHash('sha256').update(id).digest('hex').slice(0, 12);
  return `${legal.slice(0, LONGEST_NAME - digest.length - 1)}-${digest}`;
}

/** When the sessions of a grant were issued at the latest, and end at the latest; none were asked for where it says so. */
export function sessionTimes(
  grant: Grant,
): { readonly issuedByEpochSeconds: number; readonly endByEpochSeconds: number } | undefined {
  const credential = 'credential' in grant ? grant.credential : undefined;
  if (credential?.status !== 'issuing' && credential?.status !== 'live') return undefined;
  const claimedAt =
    credential.status === 'live' ? credential.issuedAtEpochSeconds : credential.sinceEpochSeconds;
  const endsAt = Math.max(credential.expiresAtEpochSeconds, claimedAt + SHORTEST_SESSION_SECONDS);
  // A claim that was taken asks for its session while its lease lasts.
  return {
    issuedByEpochSeconds: claimedAt + CLAIM_LEASE_SECONDS,
    endByEpochSeconds: endsAt + CLAIM_LEASE_SECONDS,
  };
}
