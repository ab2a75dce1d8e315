import * as z from 'zod';
import type { Who } from '../audit/event.ts';
import { Channel } from '../platform/channel.ts';
import { Aal } from './assurance.ts';
import { Principal } from './principal.ts';
import { type PartyReference, referenceTo, whoIn } from './session.ts';

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
  assurance: z.object({ aal: Aal, attested: z.boolean(), evidence: z.array(z.string()) }),
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
    { id: session, channel, principal: referenceTo(principal), actors: actors.map(referenceTo) },
    assurance,
  );
}

interface Parties {
  readonly principal: PartyReference;
  readonly actors: readonly PartyReference[];
}

/** Whether the caller is this principal with these actors: the same parties in the same order. */
export function isSameParty(caller: Caller, of: Parties): boolean {
  return (
    caller.principal.id === of.principal.id &&
    caller.actors.length === of.actors.length &&
    caller.actors.every((actor, index) => actor.id === of.actors[index]?.id)
  );
}

/** Whether the caller is the principal or one of those who act for it. */
export function isParty(caller: Caller, of: Parties): boolean {
  return [of.principal, ...of.actors].some((party) => party.id === caller.principal.id);
}
