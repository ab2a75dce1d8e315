import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { type Caller, isParty, whoCalls } from './caller.ts';
import { partiesIn, sessionType } from './session.ts';

interface Dependencies {
  readonly ledger: Pick<Ledger, 'read' | 'commit'>;
  readonly clock: Clock;
}

/** Ends a session for one of its parties, in every channel at once. One that has ended stays so. */
export function endSession({ ledger, clock }: Dependencies) {
  return (caller: Caller, sessionId: string): Promise<'ended' | 'unknown' | 'not_a_party'> =>
    rereadOnConflict(async () => {
      const stored = await ledger.read(sessionType, sessionId);
      if (stored === undefined) return 'unknown';
      const session = stored.entity;
      const [principal, ...actors] = partiesIn(session);
      if (!isParty(caller, { principal, actors })) return 'not_a_party';
      if (session.status === 'ended') return 'ended';
      await ledger.commit({
        chain: sessionId,
        event: caseEvent(clock, session.txn, 'session.ended', whoCalls(caller), {}),
        changes: [replacement(sessionType, stored, { ...session, status: 'ended' })],
      });
      return 'ended';
    });
}
