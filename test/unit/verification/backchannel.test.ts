import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Problem } from '../../../lambdas/platform/problem.ts';
import {
  BACKCHANNEL_SECONDS,
  backchannelType,
  POLL_INTERVAL_SECONDS,
} from '../../../lambdas/verification/backchannel.ts';
import type { Caller } from '../../../lambdas/verification/caller.ts';
import { principalType } from '../../../lambdas/verification/principal.ts';
import { sessionType } from '../../../lambdas/verification/session.ts';
import { startBackchannel } from '../../../lambdas/verification/start-backchannel.step.ts';
import {
  callerOf,
  clockAt,
  countedIds,
  dana,
  deployment,
  inert,
  machine,
  NOW,
  person,
} from '../../support/access-case.ts';
import { callCase, otherGateway, voiceGateway } from '../../support/call-case.ts';

/** The OAuth error of what is refused, `issued` of what is not. */
const outcome = (poll: Promise<unknown>): Promise<unknown> =>
  poll.then(
    () => 'issued',
    (error) => (error instanceof Problem ? error.extensions['error'] : error),
  );

describe('a call', () => {
  test('is recorded without anything being read about whom the caller says to be', async () => {
    const start = startBackchannel({
      deployment,
      // All that it has of the ledger is writing.
      ledger: inert('ledger', { commit: async () => ({ chain: 'id-1', sequence: 1, hash: '' }) }),
      clock: clockAt(),
      ids: countedIds(),
    });
    const call = await start(callerOf(voiceGateway), { login_hint: 'anybody', binding_message: 'Blue 42' });
    expect(call).toMatchObject({ status: 'pending', loginHint: 'anybody', gateway: { id: 'voice-gateway' } });
  });

  test.for<[string, Caller]>([
    ['a person, whatever their groups', callerOf(person('gina', 'channel-gateways'))],
    ['an agent, whatever its groups', callerOf(machine('agent', 'bot', 'dana', 'channel-gateways'))],
    ['somebody who acts for a gateway', callerOf(voiceGateway, [otherGateway])],
    ['a service that is no gateway', callerOf(machine('service_account', 'web-shop', 'omar'))],
  ])('is not taken by %s', async ([, caller]) => {
    const { ledger, clock } = callCase();
    const start = startBackchannel({ deployment, ledger, clock, ids: countedIds() });
    const form = { login_hint: dana.id, binding_message: 'Blue 42' };
    expect(await outcome(start(caller, form))).toBe('unauthorized_client');
    expect(ledger.commits).toBe(0);
  });

  test('waits for its answer until its time is over', async () => {
    const { clock, call, poll } = callCase();
    const { id } = await call();
    clock.atEpochSeconds = NOW + BACKCHANNEL_SECONDS - 1;
    expect(await outcome(poll(id))).toBe('authorization_pending');
    clock.atEpochSeconds = NOW + BACKCHANNEL_SECONDS;
    expect(await outcome(poll(id))).toBe('expired_token');
  });

  test('that was approved is over with its time, too', async () => {
    const { clock, call, answer, poll } = callCase();
    const push = await call();
    await answer(push);
    clock.atEpochSeconds = NOW + BACKCHANNEL_SECONDS;
    expect(await outcome(poll(push.id))).toBe('expired_token');
  });

  test('is redeemed once', async () => {
    const { clock, call, answer, poll } = callCase();
    const push = await call();
    await answer(push);
    expect(await outcome(poll(push.id))).toBe('issued');
    clock.atEpochSeconds += POLL_INTERVAL_SECONDS;
    expect(await outcome(poll(push.id))).toBe('invalid_grant');
  });

  test('is nobody’s but its gateway’s', async () => {
    const { call, answer, poll } = callCase();
    const push = await call();
    await answer(push);
    expect(await outcome(poll(push.id, otherGateway))).toBe('invalid_grant');
    expect(await outcome(poll('no-such-call'))).toBe('invalid_grant');
    expect(await outcome(poll(push.id))).toBe('issued');
  });

  test('polled as often as it may be is never told to slow down', async () => {
    const { clock, call, poll } = callCase();
    clock.atEpochSeconds = NOW + 3;
    const { id } = await call();
    for (let polls = 0; polls < 5; polls += 1) {
      expect(await outcome(poll(id))).toBe('authorization_pending');
      expect(await outcome(poll(id))).toBe('slow_down');
      clock.atEpochSeconds += POLL_INTERVAL_SECONDS;
    }
  });

  test('of somebody who was suspended meanwhile is not approved', async () => {
    const { ledger, call, answer, poll } = callCase();
    const push = await call();
    await answer(push);
    ledger.seed(principalType, { ...dana, status: 'suspended' });
    expect(await outcome(poll(push.id))).toBe('access_denied');
  });

  test('becomes a session of an hour, which says who answered and who recorded it', async () => {
    const { ledger, call, answer, poll } = callCase();
    const push = await call();
    await answer(push);
    await poll(push.id);
    const stored = (await ledger.read(backchannelType, push.id))?.entity;
    const session = (await ledger.read(sessionType, stored?.status === 'redeemed' ? stored.session : ''))
      ?.entity;
    expect(session).toMatchObject({
      txn: push.txn,
      principal: { kind: 'user', id: 'dana' },
      presences: [{ channel: 'voice', actors: [{ id: 'voice-gateway' }] }],
      evidence: [{ method: 'push', amr: ['swk'], authenticator: 'telephone', recordedBy: 'voice-gateway' }],
      expiresAtEpochSeconds: NOW + 3600,
    });
  });
});

test('whatever the order of events, a call gives one token at most, and only after its person approved in time', async () => {
  const event = fc.oneof(
    fc.record({ does: fc.constant('wait' as const), seconds: fc.nat(90) }),
    fc.record({ does: fc.constantFrom('poll', 'approve', 'deny') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 14 }), async (events) => {
      const { clock, call, answer, poll } = callCase();
      const push = await call();
      let firstAnswer: string | undefined;
      let tokens = 0;
      for (const one of events) {
        const inTime = clock.atEpochSeconds < NOW + BACKCHANNEL_SECONDS;
        if (one.does === 'wait') clock.atEpochSeconds += one.seconds;
        else if (one.does === 'poll') {
          const isIssued = (await outcome(poll(push.id))) === 'issued';
          if (isIssued) expect([firstAnswer, inTime]).toEqual(['approve', true]);
          if (isIssued) tokens += 1;
        } else {
          const decision = one.does === 'approve' ? 'approve' : 'deny';
          await answer(push, decision).catch(() => {});
          if (inTime) firstAnswer ??= decision;
        }
      }
      expect(tokens).toBeLessThanOrEqual(1);
    }),
    { numRuns: 60 },
  );
});
