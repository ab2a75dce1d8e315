import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { conflict, notFound } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import type { WaitingWorkflow } from '../platform/task-tokens.port.ts';
import { type Caller, isParty, whoCalls } from '../verification/caller.ts';
import { beginEnding, type Grant, grantType } from './grant.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly workflow: WaitingWorkflow;
  readonly clock: Clock;
}

/**
 * Gives a grant back early. From this transaction on nothing that asks Sallyport accepts its credential; the
 * workflow, told to go on, revokes and confirms. Done again, it changes nothing and tells the workflow again.
 */
export function returnGrant({ ledger, workflow, clock }: Dependencies) {
  return async (caller: Caller, grantId: string): Promise<Grant> => {
    // The workflow may be saving its hold at this moment, or the credential be claimed.
    const grant = await rereadOnConflict(() => endRight(caller, grantId));
    if (grant.status === 'ending' && grant.encryptedHoldToken !== undefined) {
      await workflow.resume(grant.encryptedHoldToken, grant.id, { outcome: 'returned' });
    }
    return grant;
  };

  async function endRight(caller: Caller, grantId: string): Promise<Grant> {
    const stored = await ledger.read(grantType, grantId);
    if (stored === undefined || !isParty(caller, stored.entity)) throw notFound('grant');
    const grant = stored.entity;
    if (grant.status === 'pending') {
      throw conflict('grant-not-active', 'The grant is not active yet; there is nothing to give back.');
    }
    if (grant.status !== 'active') return grant;
    const ending = beginEnding(grant, 'returned', epochSeconds(clock));
    await ledger.commit({
      chain: grant.requestId,
      event: caseEvent(clock, grant.txn, 'grant.returned', whoCalls(caller), { grant: grant.id }),
      changes: [replacement(grantType, stored, ending)],
    });
    return ending;
  }
}
