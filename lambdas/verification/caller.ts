import * as z from 'zod';
import type { Who } from '../audit/event.ts';
import { Channel } from '../platform/channel.ts';
import { Aal, RiskLevel } from './evidence.ts';
import { Principal } from './principal.ts';
import { referenceTo, whoIn } from './session.ts';

/** What policies may look at of an assurance. */
const ProvenFacts = z.object({
  aal: Aal,
  ial: z.union([z.literal(0), z.literal(2)]),
  phishingResistant: z.boolean(),
  attested: z.boolean(),
  secondsSinceAuthentication: z.int().optional(),
  secondsSinceProofing: z.int().optional(),
  risk: RiskLevel,
});

/**
 * Who calls, as the authorizer found it at this call: the token verified, the session live, every party
 * active. It travels in the authorizer's context, which only API Gateway can write.
 */
export const Caller = z.object({
  principal: Principal,
  /** Who acts for the principal, nearest first. */
  actors: z.array(Principal),
  session: z.string(),
  txn: z.string(),
  channel: Channel,
  /** What the session proves in this channel, as it was computed for this call. */
  assurance: ProvenFacts.extend({
    posture: z.record(z.string(), z.string()),
    origin: z.object({ evidence: z.string(), issuer: z.string(), tokenId: z.string().optional() }).optional(),
    authTimeEpochSeconds: z.int().optional(),
    amr: z.array(z.string()),
    evidence: z.array(z.string()),
  }),
  /** What each person who acts for the principal has proven of themself in this channel, by their id. */
  provenByActors: z.record(z.string(), ProvenFacts),
  /** The thumbprint of the key that the token is bound to, and that the caller has proven (RFC 9449). */
  keyThumbprint: z.string().optional(),
});
export type Caller = z.infer<typeof Caller>;

/** The principal and everyone who acts for it: each must be permitted. */
export function partiesOf(caller: Caller): readonly [Principal, ...Principal[]] {
  return [caller.principal, ...caller.actors];
}

/** The caller as an audit event names it. */
export function whoCalls(caller: Caller): Who {
  const { session, channel, principal, actors, assurance } = caller;
  return whoIn(
    { id: session, principal: referenceTo(principal) },
    { channel, actors: actors.map(referenceTo) },
    assurance,
  );
}

interface Parties {
  readonly principal: { readonly id: string };
  readonly actors: readonly { readonly id: string }[];
}

/** Whether the caller is this principal with these actors: the same parties in the same order. */
export function isSameParty(caller: Caller, of: Parties): boolean {
  return (
    caller.principal.id === of.principal.id &&
    caller.actors.length === of.actors.length &&
    caller.actors.every((actor, index) => actor.id === of.actors[index]?.id)
  );
}

/**
 * Whether the caller is a party of this: the principal, or one of those who act for it. Whoever acts for somebody
 * is a party only where both are, so an agent reaches what it has a part in, not all that its person has.
 */
export function isParty(caller: Caller, of: Parties): boolean {
  const parties = [of.principal, ...of.actors].map(({ id }) => id);
  return partiesOf(caller).every(({ id }) => parties.includes(id));
}

/**
 * Whether everyone who has a part in this is among the caller's own parties, under the same principal: whoever holds a
 * grant may bring somebody more in to act under a part of it, and nobody else may have a part of it.
 */
export function isPartyWithin(caller: Caller, of: Parties): boolean {
  const parties = partiesOf(caller).map(({ id }) => id);
  return caller.principal.id === of.principal.id && of.actors.every(({ id }) => parties.includes(id));
}

/** The groups that count for the caller: those of the principal that everyone who acts for it is in too. */
export function groupsOf(caller: Caller): string[] {
  return caller.principal.groups.filter((group) =>
    caller.actors.every(({ groups }) => groups.includes(group)),
  );
}

/** Whether the caller is in one of these groups. */
export function isInAny(caller: Caller, groups: readonly string[]): boolean {
  return groupsOf(caller).some((group) => groups.includes(group));
}
