import * as z from 'zod';
import type { Who } from '../audit/event.ts';
import { Channel } from '../platform/channel.ts';
import type { EntityType } from '../platform/entity.ts';
import { type Assurance, Evidence } from './assurance.ts';
import { PrincipalKind } from './principal.ts';

export const PartyReference = z.object({ kind: PrincipalKind, id: z.string() });
export type PartyReference = z.infer<typeof PartyReference>;

export function referenceTo({ kind, id }: PartyReference): PartyReference {
  return { kind, id };
}

/** One principal's session and the evidence that it has collected. */
export const Session = z.object({
  id: z.string(),
  txn: z.string(),
  principal: PartyReference,
  /** Who acts for the principal, nearest first, each proven by a token of its own (RFC 8693 §4.1). */
  actors: z.array(PartyReference),
  channel: Channel,
  evidence: z.array(Evidence),
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
};

export function isLive(session: Session, nowEpochSeconds: number): boolean {
  return session.status === 'active' && nowEpochSeconds < session.expiresAtEpochSeconds;
}

/** Who a session's acts are by, with the assurance that counts. */
export function whoIn(
  session: Pick<Session, 'id' | 'principal' | 'actors' | 'channel'>,
  assurance: Pick<Assurance, 'aal' | 'evidence'>,
): Who {
  return {
    principal: session.principal,
    actors: session.actors,
    channel: session.channel,
    session: session.id,
    assurance: { aal: assurance.aal, evidence: [...assurance.evidence] },
  };
}
