import { isDeepStrictEqual } from 'node:util';
import { fingerprintOf } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant, RequestCancelled, SteppedUp } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { TaskTokenSealer } from '../platform/task-tokens.port.ts';
import { type AccessRequestIn, accessRequestType } from '../requests/access-request.ts';
import { standingOf } from '../verification/standing.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly taskTokens: TaskTokenSealer;
  readonly clock: Clock;
}

/**
 * Leaves the workflow waiting until the requester has authenticated more strongly in the session of the request.
 * Done again, with the task token of another attempt, it takes the new token: only the newest one answers. With
 * the same one it changes nothing.
 * @throws RequestCancelled where the request was taken back before
 * @throws SteppedUp where the session proves otherwise by then than when it was decided: nobody would wake this wait
 */
export function requestStepUp({ ledger, taskTokens, clock }: Dependencies) {
  return async (input: { requestId: string; taskToken: string }): Promise<{ outcome: 'waiting' }> => {
    const encryptedTaskToken = await taskTokens.seal(input.taskToken, input.requestId);
    const taskTokenFingerprint = fingerprintOf(input.taskToken);
    const stored = await ledger.read(accessRequestType, input.requestId);
    if (stored === undefined) throw new BrokenInvariant('A workflow runs for a request that is not recorded');
    const request = stored.entity;
    if (request.status === 'cancelled') throw new RequestCancelled('The request was taken back');
    if (request.status !== 'awaiting_step_up')
      throw new BrokenInvariant('A step-up is waited for that the decision does not ask for');
    if (request.taskTokenFingerprint !== taskTokenFingerprint) {
      await ledger.commit({
        chain: request.id,
        event: caseEvent(
          clock,
          request.txn,
          'step-up.requested',
          { service: 'request-step-up' },
          { aal: request.stepUp.aal },
        ),
        changes: [
          replacement(accessRequestType, stored, { ...request, encryptedTaskToken, taskTokenFingerprint }),
        ],
      });
    }
    if (await hasMoreToShow(request))
      throw new SteppedUp('The session proved more before this wait could be found');
    return { outcome: 'waiting' };
  };

  /** Evidence that came before the wait was written down has found nobody to wake. */
  async function hasMoreToShow(request: AccessRequestIn<'awaiting_step_up'>): Promise<boolean> {
    const standing = await standingOf(ledger, request, epochSeconds(clock));
    return (
      'refused' in standing || !isDeepStrictEqual(standing.assurance.evidence, request.decision.evidence)
    );
  }
}
