import * as z from 'zod';
import type { Who } from '../audit/event.ts';
import { Channel } from '../platform/channel.ts';
import { Aal } from './assurance.ts';
import { PrincipalKind } from './principal.ts';
import { PartyReference, whoIn } from './session.ts';

/**
 * Who calls, as the authorizer found it at this call: the token verified, the session live, the principal
 * active. It travels in the authorizer's context, which only API Gateway can write.
 */
export const Caller = z.object({
  principal: z.object({
    kind: PrincipalKind,
    id: z.string(),
    owner: z.string(),
    groups: z.array(z.string()),
  }),
  actors: z.array(PartyReference),
  session: z.string(),
  txn: z.string(),
  channel: Channel,
  assurance: z.object({ aal: Aal, attested: z.boolean(), evidence: z.array(z.string()) }),
});
export type Caller = z.infer<typeof Caller>;

/** The caller as an audit event names it. */
export function whoCalls(caller: Caller): Who {
  const { kind, id } = caller.principal;
  return whoIn({ ...caller, id: caller.session, principal: { kind, id } }, caller.assurance);
}

/** Whether the caller is this principal with these actors: the same parties in the same order. */
export function isSameParty(
  caller: Caller,
  of: { readonly principal: PartyReference; readonly actors: readonly PartyReference[] },
): boolean {
  return (
    caller.principal.id === of.principal.id &&
    caller.actors.length === of.actors.length &&
    caller.actors.every((actor, index) => actor.id === of.actors[index]?.id)
  );
}

/** Whether the caller is the principal or one of those who act for it. */
export function isParty(
  caller: Caller,
  of: { readonly principal: PartyReference; readonly actors: readonly PartyReference[] },
): boolean {
  return [of.principal, ...of.actors].some((party) => party.id === caller.principal.id);
}
