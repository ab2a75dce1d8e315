import * as z from 'zod';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { conflict, notFound } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { authenticatorType, withSuccess } from './authenticator.ts';
import { type Backchannel, type BackchannelIn, backchannelType, isOver } from './backchannel.ts';
import { type HeardDevice, refused } from './hear-device.step.ts';

interface Dependencies {
  readonly hear: (statement: string, type: 'push-answer+jwt') => Promise<HeardDevice>;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

const AnswerClaims = z.object({
  challenge: z.string(),
  nonce: z.string(),
  decision: z.enum(['approve', 'deny']),
  /**
   * How the device made sure of its holder before it used its key (RFC 8176), as a passkey says it in its UV flag;
   * absent where it did not.
   */
  user_verification: z.enum(['pin', 'fpt', 'face', 'iris', 'retina']).optional(),
});

/**
 * Takes a device's answer to a push, once. What approving proves: the device's key, which nothing attests to be in
 * hardware, and what unlocked it.
 */
export function answerPush({ hear, ledger, clock }: Dependencies) {
  return async (id: string, statement: string): Promise<BackchannelIn<'approved' | 'denied'>['status']> => {
    const { device, claims: spoken } = await hear(statement, 'push-answer+jwt');
    const claims = AnswerClaims.safeParse(spoken);
    if (!claims.success || claims.data.challenge !== id) throw refused();
    const { decision, nonce, user_verification: unlockedBy } = claims.data;
    const status = decision === 'approve' ? ('approved' as const) : ('denied' as const);

    return rereadOnConflict(async () => {
      const now = epochSeconds(clock);
      const [waiting, enrolled] = await ledger.readAll([
        [backchannelType, id],
        [authenticatorType, device.id],
      ]);
      const call = waiting?.entity;
      if (waiting === undefined || call?.loginHint !== device.principal) throw notFound('push challenge');
      if (enrolled?.entity.status !== 'active') throw refused();
      if (call.nonce !== nonce) throw refused();
      if (isRepeated(call, device.id, status)) return status;
      if (call.status !== 'pending' || isOver(call, now)) {
        throw conflict('push-over', 'This push has been answered before, or its time is over.');
      }
      const amr = ['swk', ...(unlockedBy === undefined ? [] : [unlockedBy])];
      const answered: Backchannel = {
        ...call,
        status,
        answer: { authenticator: device.id, amr, atEpochSeconds: now },
      };
      await ledger.commit({
        chain: call.id,
        event: caseEvent(
          clock,
          call.txn,
          'push.answered',
          { service: 'answer-push' },
          { decision, authenticator: device.id, amr },
        ),
        changes: [
          replacement(backchannelType, waiting, answered),
          ...(enrolled.entity.consecutiveFailures === 0
            ? []
            : [replacement(authenticatorType, enrolled, withSuccess(enrolled.entity))]),
        ],
      });
      return status;
    });
  };
}

/** The answer came before, and its confirmation was lost. */
function isRepeated(call: Backchannel, authenticator: string, status: 'approved' | 'denied'): boolean {
  return call.status === status && call.answer.authenticator === authenticator;
}
