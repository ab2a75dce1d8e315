import type { EventBody, Who } from '../audit/event.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { notFound } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { isLive, type Session, sessionType } from './session.ts';

/** A session as it is to be, and what tells of it. */
export interface SessionChange {
  readonly session: Session;
  readonly event: { readonly type: string; readonly who: Who; readonly details: EventBody['details'] };
}

/**
 * Changes a live session and tells of it in one event. `change` may be called several times, each time with the
 * session as it is then: what others add meanwhile is kept.
 * @throws Problem 404 where there is no such session, or it is over
 * @throws BrokenInvariant where the change would do more than add; nothing was written
 */
export function changeSession(
  { ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock },
  sessionId: string,
  change: (session: Session, nowEpochSeconds: number) => SessionChange,
): Promise<Session> {
  return rereadOnConflict(async () => {
    const now = epochSeconds(clock);
    const stored = await ledger.read(sessionType, sessionId);
    if (stored === undefined || !isLive(stored.entity, now)) throw notFound('session');
    const { session: changed, event } = change(stored.entity, now);
    const session = withAdditions(stored.entity, changed, now);
    await ledger.commit({
      chain: sessionId,
      event: caseEvent(clock, session.txn, event.type, event.who, event.details),
      changes: [replacement(sessionType, stored, session)],
    });
    return session;
  });
}

/**
 * What is added gets the time when it was, since a handoff carries what there was by then, whenever it was
 * observed. Evidence of the future would raise what is proven as time goes by.
 */
function withAdditions(before: Session, after: Session, nowEpochSeconds: number): Session {
  const added = after.evidence.slice(before.evidence.length);
  if (added.some(({ observedAtEpochSeconds }) => observedAtEpochSeconds > nowEpochSeconds)) {
    throw new BrokenInvariant(`Evidence of session ${before.id} would be of the future`);
  }
  return {
    ...after,
    evidence: [
      ...after.evidence.slice(0, before.evidence.length),
      ...added.map((one) => ({ ...one, recordedAtEpochSeconds: nowEpochSeconds })),
    ],
  };
}
