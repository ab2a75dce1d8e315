import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant, GrantNotHeld } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import type { TaskTokenSealer } from '../platform/task-tokens.port.ts';
import { caseIds } from '../requests/access-request.ts';
import { fingerprintOf, grantType, isHeld } from './grant.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly taskTokens: TaskTokenSealer;
  readonly clock: Clock;
}

/**
 * Leaves the workflow waiting for the grant's end. Whoever ends the grant early answers the wait.
 * Done again with the same task token, by whoever did not hear the answer, it changes nothing.
 *
 * A return can come before the wait has begun; both look at the same grant, so one of them sees the other:
 *
 *     hold first:    hold saves its token → return ends the grant, finds the token, answers the wait
 *     return first:  return ends the grant, finds no token → hold finds the grant ending, and fails the wait
 *
 * @throws GrantNotHeld where the grant has ended before the wait began
 */
export function holdGrant({ ledger, taskTokens, clock }: Dependencies) {
  return async (input: { requestId: string; taskToken: string }): Promise<{ outcome: 'held' }> => {
    const grantId = caseIds.grantOf(input.requestId);
    const holdTokenFingerprint = fingerprintOf(input.taskToken);
    const encryptedHoldToken = await taskTokens.seal(input.taskToken, grantId);
    // The credential may be claimed at this moment.
    return rereadOnConflict(async () => {
      const grant = await ledger.read(grantType, grantId);
      if (grant === undefined) throw new BrokenInvariant('A grant is to be held that was not decided');
      if (!isHeld(grant.entity, epochSeconds(clock)))
        throw new GrantNotHeld('The grant ended before it was held');
      if (grant.entity.holdTokenFingerprint === holdTokenFingerprint) return { outcome: 'held' };
      await ledger.commit({
        chain: input.requestId,
        event: caseEvent(
          clock,
          grant.entity.txn,
          'grant.held',
          { service: 'hold-grant' },
          { grant: grantId },
        ),
        changes: [
          replacement(grantType, grant, { ...grant.entity, encryptedHoldToken, holdTokenFingerprint }),
        ],
      });
      return { outcome: 'held' };
    });
  };
}
