import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { notFound } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { type Authenticator, authenticatorType } from './authenticator.ts';
import { type Caller, whoCalls } from './caller.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/**
 * Gives up an authenticator of the caller, for good. Any session of theirs may: who has lost it may have nothing
 * better left to report it with (NIST SP 800-63B-4 §4.3). What it has proven before stays proven until it is over.
 */
export function revokeAuthenticator({ ledger, clock }: Dependencies) {
  return (caller: Caller, id: string): Promise<Authenticator> =>
    rereadOnConflict(async () => {
      const stored = await ledger.read(authenticatorType, id);
      if (stored === undefined || stored.entity.principal !== caller.principal.id || caller.actors.length > 0)
        throw notFound('authenticator');
      if (stored.entity.status === 'revoked') return stored.entity;
      const revoked: Authenticator = { ...stored.entity, status: 'revoked' };
      await ledger.commit({
        chain: caller.session,
        event: caseEvent(clock, caller.txn, 'authenticator.revoked', whoCalls(caller), { authenticator: id }),
        changes: [replacement(authenticatorType, stored, revoked)],
      });
      return revoked;
    });
}
