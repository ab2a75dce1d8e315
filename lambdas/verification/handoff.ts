import { createHash } from 'node:crypto';
import * as z from 'zod';
import { Channel } from '../platform/channel.ts';
import type { EntityType } from '../platform/entity.ts';
import { assuranceRules } from './assurance-rules.ts';
import type { Principal } from './principal.ts';
import { isLive, PartyReference, presenceIn, referenceTo, type Session } from './session.ts';

/** Long enough to carry a code to another window and sign in there, and not to lie about. */
export const HANDOFF_SECONDS = 120;
/** A handoff that is over is kept this long, so that whoever still shows it is told of in its session's chain. */
const KEPT_AFTER_EXPIRY_SECONDS = 7 * 24 * 3600;

/** A session is one item, and each call reads the whole of it. */
const MOST_PRESENCES = 100;

/** Who may take a session over: one person, or anybody of a group. */
export const Recipient = z.strictObject({ type: z.enum(['user', 'group']), id: z.string().min(1).max(128) });
export type Recipient = z.infer<typeof Recipient>;

/** The right to take one session over into one channel, once. Its id is the hash of its code, which is kept nowhere. */
export const Handoff = z.object({
  id: z.string(),
  session: z.string(),
  /** Who handed it over, and where. */
  from: z.object({
    channel: Channel,
    actors: z.array(PartyReference),
    /** The key that the tokens of that presence are bound to (RFC 9449). */
    keyThumbprint: z.string().optional(),
  }),
  targetChannel: Channel,
  to: Recipient,
  status: z.enum(['open', 'redeemed']),
  expiresAtEpochSeconds: z.int(),
});
export type Handoff = z.infer<typeof Handoff>;

export const handoffType: EntityType<typeof Handoff> = {
  kind: 'HANDOFF',
  schema: Handoff,
  collectAtEpochSeconds: ({ expiresAtEpochSeconds }) => expiresAtEpochSeconds + KEPT_AFTER_EXPIRY_SECONDS,
};

/** The id of the handoff that a code is of. */
export function handoffIdOf(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}

/** Whether anything goes from one channel to the other at all: `policies/assurance.json` names each pair. */
export function mayPass(from: Channel, to: Channel): boolean {
  return assuranceRules.handoffs.caps[from]?.[to] !== undefined;
}

/** Who shows a handoff, with a token of their own: the session's principal, or a person who is to act for it. */
export interface Taker {
  readonly as: 'subject' | 'actor';
  readonly principal: Principal;
  /** Where their own token proves them. */
  readonly channel: Channel;
  /** They have shown something that they hold: with a password alone nothing binds them to the session. */
  readonly hasShownAuthenticator: boolean;
}

/** Why a handoff is refused. It is recorded, and not told: whoever shows a handoff learns nothing from it. */
export type HandoffRefusal =
  | 'redeemed_before'
  | 'expired'
  | 'session_over'
  | 'passed_too_often'
  | 'another_channel'
  | 'not_for_them'
  | 'needs_own_proof'
  | 'is_there_already';

/** How a session is taken over: who acts in it then, and what binds them to it besides the code. */
export interface TakeOver {
  readonly actors: readonly PartyReference[];
  readonly boundBy: 'code' | 'key' | 'authenticator';
}

/**
 * Judges a handoff that is shown. With a token of their own for the target channel come the principal itself, and
 * the member of staff whom it was handed to, who then acts for the principal. The code alone is enough for the
 * principal only, where nobody acted for it before (else whoever acts could shed that), and not where the session
 * is already: what its principal has proven there is not for whoever has a code.
 */
export function judgeHandoff(
  { status, from, to, targetChannel, expiresAtEpochSeconds }: Handoff,
  circumstances: {
    readonly session: Session;
    readonly isPrincipalActive: boolean;
    /** Absent where the code is shown alone. */
    readonly taker: Taker | undefined;
    readonly provenKeyThumbprint: string | undefined;
    /** The groups whose members may act for others. */
    readonly supportStaff: readonly string[];
  },
  nowEpochSeconds: number,
): TakeOver | { readonly refused: HandoffRefusal } {
  const { session, isPrincipalActive, taker, provenKeyThumbprint, supportStaff } = circumstances;
  if (status !== 'open') return { refused: 'redeemed_before' };
  if (expiresAtEpochSeconds <= nowEpochSeconds) return { refused: 'expired' };
  if (!isPrincipalActive || !isLive(session, nowEpochSeconds)) return { refused: 'session_over' };
  if (session.presences.length >= MOST_PRESENCES) return { refused: 'passed_too_often' };
  if (taker !== undefined && taker.channel !== targetChannel) return { refused: 'another_channel' };
  if (taker?.as === 'actor') {
    const { kind, id, groups } = taker.principal;
    const mayAct = kind === 'user' && groups.some((group) => supportStaff.includes(group));
    const isAddressed = to.type === 'user' ? to.id === id : groups.includes(to.id);
    if (!mayAct || !isAddressed || id === session.principal.id) return { refused: 'not_for_them' };
    // What a member of staff has shown binds nobody to the customer's session: only the code does.
    return { actors: [referenceTo(taker.principal)], boundBy: 'code' };
  }
  if (to.type !== 'user' || to.id !== session.principal.id) return { refused: 'not_for_them' };
  if (taker !== undefined) {
    if (taker.principal.id !== session.principal.id) return { refused: 'not_for_them' };
    return { actors: [], boundBy: taker.hasShownAuthenticator ? 'authenticator' : 'code' };
  }
  if (from.actors.length > 0) return { refused: 'needs_own_proof' };
  if (provenKeyThumbprint !== undefined && provenKeyThumbprint === from.keyThumbprint) {
    return { actors: [], boundBy: 'key' };
  }
  if (presenceIn(session, targetChannel, []) !== undefined) return { refused: 'is_there_already' };
  return { actors: [], boundBy: 'code' };
}
