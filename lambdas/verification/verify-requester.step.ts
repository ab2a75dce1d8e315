import type { Who } from '../audit/event.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type AccessRequest, accessRequestType, deny, isSettled } from '../requests/access-request.ts';
import { whoIn } from './session.ts';
import { standingOf } from './standing.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/**
 * Makes sure that whoever asked may be granted anything at all: their session is live, they, those who act for
 * them and the owners of the NHIs among them are active.
 */
export function verifyRequester({ ledger, clock }: Dependencies) {
  return async ({ requestId }: { requestId: string }): Promise<{ outcome: 'verified' | 'refused' }> => {
    const stored = await ledger.read(accessRequestType, requestId);
    if (stored === undefined) throw new BrokenInvariant('A workflow runs for a request that is not recorded');
    const request = stored.entity;
    if (request.status !== 'submitted') {
      // Done before, or ended meanwhile.
      return { outcome: isSettled(request) && request.status !== 'approved' ? 'refused' : 'verified' };
    }
    const now = epochSeconds(clock);
    const standing = await standingOf(ledger, request, now);
    const refused = 'refused' in standing;
    const next: AccessRequest = refused
      ? deny(request, standing.refused, now)
      : { ...request, status: 'verified' };
    const who: Who = refused
      ? { service: 'verify-requester' }
      : whoIn(standing.session, standing.presence, standing.assurance);
    await ledger.commit({
      chain: request.id,
      event: caseEvent(
        clock,
        request.txn,
        refused ? 'requester.refused' : 'requester.verified',
        who,
        refused ? { reason: standing.refused } : {},
      ),
      changes: [replacement(accessRequestType, stored, next)],
    });
    return { outcome: refused ? 'refused' : 'verified' };
  };
}
