import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { StateConflict } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { sideBySide } from '../platform/side-by-side.ts';
import { sessionType } from '../verification/session.ts';
import { MOST_AT_ONCE, type PageInput, type PageOutput, readPage } from './read-page.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** Ends a page of sessions, in every channel at once, so that those concerned authenticate anew. */
export function closeSessions({ ledger, clock }: Dependencies) {
  return async (input: PageInput): Promise<PageOutput> => {
    const { revocation, page } = await readPage(ledger, input);
    const closed = await sideBySide(page.ids, MOST_AT_ONCE, (id) => close(id, revocation.id));
    return { page: input.page, open: closed.filter((done) => !done).length };
  };

  async function close(sessionId: string, revocation: string): Promise<boolean> {
    try {
      await rereadOnConflict(async () => {
        const stored = await ledger.read(sessionType, sessionId);
        if (stored === undefined || stored.entity.status === 'ended') return;
        await ledger.commit({
          chain: sessionId,
          event: caseEvent(
            clock,
            stored.entity.txn,
            'session.ended',
            { service: 'close-sessions' },
            { revocation },
          ),
          changes: [replacement(sessionType, stored, { ...stored.entity, status: 'ended' })],
        });
      });
      return true;
    } catch (error) {
      if (error instanceof StateConflict) return false;
      throw error;
    }
  }
}
