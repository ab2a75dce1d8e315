import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { Who } from '../audit/event.ts';
import { Channel } from '../platform/channel.ts';
import type { EntityType } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { IssuedTokenClaims } from '../platform/issued-token.port.ts';
import { type Assurance, assuranceOf, type ProvenFacts } from './assurance.ts';
import { Evidence, RiskSignal } from './evidence.ts';
import { PrincipalKind } from './principal.ts';

export const PartyReference = z.object({ kind: PrincipalKind, id: z.string() });
export type PartyReference = z.infer<typeof PartyReference>;

export function referenceTo({ kind, id }: PartyReference): PartyReference {
  return { kind, id };
}

/** A session in one of the channels that it has passed. */
export const Presence = z.object({
  channel: Channel,
  /** Who acts there for the principal, nearest first, each proven by a token of its own (RFC 8693 §4.1). */
  actors: z.array(PartyReference),
  /** The thumbprint (RFC 7638) of the key that the tokens of this presence are bound to (RFC 9449). */
  keyThumbprint: z.string().optional(),
  sinceEpochSeconds: z.int(),
  /** Where it came from; absent where the session was opened. */
  handedOver: z
    .object({
      handoff: z.string(),
      from: Channel,
      boundBy: z.enum(['code', 'key', 'authenticator']),
      atEpochSeconds: z.int(),
    })
    .optional(),
});
export type Presence = z.infer<typeof Presence>;

/** One principal's session: the channels that it has passed and the evidence that it has collected there. */
export const Session = z.object({
  id: z.string(),
  txn: z.string(),
  principal: PartyReference,
  /** In the order in which they came; the first opened the session. */
  presences: z.array(Presence).min(1),
  evidence: z.array(Evidence),
  risks: z.array(RiskSignal),
  status: z.enum(['active', 'ended']),
  createdAtEpochSeconds: z.int(),
  expiresAtEpochSeconds: z.int(),
});
export type Session = z.infer<typeof Session>;

/** An ended session is kept this long, so that its tokens are refused as ended, not as unknown. */
const KEPT_AFTER_EXPIRY_SECONDS = 7 * 24 * 3600;

export const sessionType: EntityType<typeof Session> = {
  kind: 'SESSION',
  schema: Session,
  collectAtEpochSeconds: (session) => session.expiresAtEpochSeconds + KEPT_AFTER_EXPIRY_SECONDS,
  requireSuccession: requireAdditionsOnly,
  listEntries: (session) =>
    session.status === 'ended'
      ? []
      : [...new Set(partiesIn(session).map(({ id }) => id))].map((party) => ({
          kind: 'SESSIONS_OF' as const,
          list: party,
          place: `${session.createdAtEpochSeconds}#${session.id}`,
          entityId: session.id,
          collectAtEpochSeconds: session.expiresAtEpochSeconds,
        })),
};

/** A session stays whose it was, an ended one stays ended, and what it holds is only added to. */
function requireAdditionsOnly(before: Session, after: Session): void {
  const fixed = ({ id, txn, principal, createdAtEpochSeconds }: Session) => ({
    id,
    txn,
    principal,
    createdAtEpochSeconds,
  });
  if (!isDeepStrictEqual(fixed(before), fixed(after))) {
    throw new BrokenInvariant(`A change would make session ${before.id} another one`);
  }
  if (before.status === 'ended' && after.status !== 'ended') {
    throw new BrokenInvariant(`A change would bring session ${before.id} back`);
  }
  for (const held of ['presences', 'evidence', 'risks'] as const) {
    if (!isDeepStrictEqual(after[held].slice(0, before[held].length), before[held])) {
      throw new BrokenInvariant(`A change would alter the ${held} of session ${before.id}`);
    }
  }
}

export function isLive(session: Session, nowEpochSeconds: number): boolean {
  return session.status === 'active' && nowEpochSeconds < session.expiresAtEpochSeconds;
}

/** The session in a channel with these actors, undefined where it has never been there with them. */
export function presenceIn(
  session: Session,
  channel: Channel,
  actors: readonly { readonly id: string }[],
): Presence | undefined {
  return session.presences.findLast(
    (presence) =>
      presence.channel === channel &&
      presence.actors.length === actors.length &&
      presence.actors.every((actor, index) => actor.id === actors[index]?.id),
  );
}

/**
 * Where in its session a token acts; undefined where the session is not there, or has come there anew since: who
 * arrived before does not share in what who arrives now proves.
 */
export function presenceOf(
  session: Session,
  token: Pick<IssuedTokenClaims, 'channel' | 'actors' | 'issuedAtEpochSeconds' | 'keyThumbprint'>,
): Presence | undefined {
  const channel = Channel.safeParse(token.channel).data;
  if (channel === undefined) return undefined;
  const presence = presenceIn(
    session,
    channel,
    token.actors.map((id) => ({ id })),
  );
  return presence !== undefined &&
    presence.sinceEpochSeconds <= token.issuedAtEpochSeconds &&
    presence.keyThumbprint === token.keyThumbprint
    ? presence
    : undefined;
}

/** Everyone who takes part in a session: its principal, and whoever has acted for it in some channel. */
export function partiesIn(session: Session): [PartyReference, ...PartyReference[]] {
  return [session.principal, ...session.presences.flatMap(({ actors }) => actors)];
}

/**
 * What each person who acts there has proven of themself, by their id: in this very channel, since no handoff of
 * this session carries it. What was noticed in the session is of its principal. A machine is judged by whom it acts for.
 */
export function provenByActors(
  session: Session,
  { channel, actors }: Pick<Presence, 'channel' | 'actors'>,
  nowEpochSeconds: number,
): Record<string, ProvenFacts> {
  const people = actors.filter(({ kind }) => kind === 'user');
  return Object.fromEntries(
    people.map((person) => [
      person.id,
      assuranceOf(
        { principal: person, evidence: session.evidence, presences: [], risks: [] },
        channel,
        nowEpochSeconds,
      ),
    ]),
  );
}

/** Who a session's acts in one channel are by, with the assurance that counts there. */
export function whoIn(
  session: Pick<Session, 'id' | 'principal'>,
  { channel, actors }: Pick<Presence, 'channel' | 'actors'>,
  assurance: Pick<Assurance, 'aal' | 'evidence'>,
): Who {
  return {
    principal: session.principal,
    actors,
    channel,
    session: session.id,
    assurance: { aal: assurance.aal, evidence: [...assurance.evidence] },
  };
}
