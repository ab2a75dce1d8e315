import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { answerPush } from '../../../lambdas/verification/answer-push.step.ts';
import {
  type AuthenticatorOf,
  authenticatorType,
  MOST_CONSECUTIVE_FAILURES,
} from '../../../lambdas/verification/authenticator.ts';
import { BACKCHANNEL_SECONDS } from '../../../lambdas/verification/backchannel.ts';
import { NOW, omar } from '../../support/access-case.ts';
import { callCase } from '../../support/call-case.ts';

const { privateKey: strangersKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const refused = { status: 403, type: 'urn:sallyport:problem:statement-refused' };

describe('a device is heard', () => {
  test('once for each statement', async () => {
    const { statement, hear } = callCase();
    const said = await statement('push-query+jwt', {});
    expect(await hear(said)).toMatchObject({ device: { id: 'telephone', principal: 'dana' } });
    await expect(hear(said)).rejects.toMatchObject(refused);
  });

  test('for a minute, and where its clock is a little behind or ahead', async () => {
    const { clock, statement, hear } = callCase();
    for (const late of [-5, 0, 60, 65]) {
      const said = await statement('push-query+jwt', { iat: clock.atEpochSeconds - late });
      expect(await hear(said)).toHaveProperty('device');
    }
    for (const late of [-6, 66, 3600]) {
      const said = await statement('push-query+jwt', { iat: clock.atEpochSeconds - late });
      await expect(hear(said)).rejects.toMatchObject(refused);
    }
  });

  test.for<[string, string, object, object]>([
    ['another type', 'JWT', {}, {}],
    ['an answer', 'push-answer+jwt', {}, {}],
    ['another deployment', 'push-query+jwt', { aud: 'https://elsewhere.example' }, {}],
    ['no time', 'push-query+jwt', { iat: undefined }, {}],
    ['no name of its own', 'push-query+jwt', { jti: undefined }, {}],
    ['an empty name', 'push-query+jwt', { jti: '' }, {}],
    ['an authenticator that there is not', 'push-query+jwt', {}, { header: { kid: 'nobody' } }],
    ['no authenticator', 'push-query+jwt', {}, { header: { kid: undefined } }],
    ['a key of another', 'push-query+jwt', {}, { key: strangersKey }],
    [
      'a symmetric key',
      'push-query+jwt',
      {},
      { header: { alg: 'HS256' }, key: new TextEncoder().encode('x'.repeat(32)) },
    ],
  ])('not by a statement of %s', async ([, type, claims, over]) => {
    const { statement, hear } = callCase();
    await expect(hear(await statement(type, claims, over))).rejects.toMatchObject(refused);
  });

  test.for(['', 'x', 'a.b.c', 'eyJhbGciOiJub25lIiwia2lkIjoidGVsZXBob25lIn0.e30.'])(
    'not by what is no JWT: %j',
    async (said) => {
      await expect(callCase().hear(said)).rejects.toMatchObject(refused);
    },
  );

  test('by the key that was enrolled, whatever key the statement brings', async () => {
    const { statement, hear } = callCase();
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const said = await statement(
      'push-query+jwt',
      {},
      { header: { jwk: publicKey.export({ format: 'jwk' }) as object }, key: privateKey },
    );
    await expect(hear(said)).rejects.toMatchObject(refused);
  });
});

describe('a wrong signature', () => {
  test('counts against the authenticator, and locks it with the hundredth in a row', async () => {
    const { ledger, statement, hear, telephone, pushes } = callCase();
    const forge = async () =>
      hear(await statement('push-query+jwt', {}, { key: strangersKey })).catch(() => {});
    for (let failures = 1; failures < MOST_CONSECUTIVE_FAILURES; failures += 1) await forge();
    expect(await telephone()).toMatchObject({ status: 'active', consecutiveFailures: 99 });
    expect(await pushes()).toEqual([]);
    await forge();
    expect(await telephone()).toMatchObject({ status: 'locked', consecutiveFailures: 100 });
    await expect(pushes()).rejects.toMatchObject(refused);
    expect(ledger.chain('seed').at(-1)).toMatchObject({
      type: 'authenticator.refused',
      details: { authenticator: 'telephone', status: 'locked' },
    });
  });

  test('is forgotten with the next answer that counts', async () => {
    const { statement, hear, telephone, call, answer } = callCase();
    await hear(await statement('push-query+jwt', {}, { key: strangersKey })).catch(() => {});
    expect(await telephone()).toMatchObject({ consecutiveFailures: 1 });
    await answer(await call());
    expect(await telephone()).toMatchObject({ consecutiveFailures: 0 });
  });

  test('is nothing that an old or misdirected statement is counted as', async () => {
    const { statement, hear, telephone } = callCase();
    for (const claims of [{ iat: NOW - 3600 }, { aud: 'https://elsewhere.example' }])
      await hear(await statement('push-query+jwt', claims)).catch(() => {});
    expect(await telephone()).toMatchObject({ consecutiveFailures: 0 });
  });
});

describe('a push', () => {
  test('is shown to its person’s device until it is answered or over', async () => {
    const { clock, call, pushes, answer } = callCase();
    const first = await call();
    const second = await call();
    await call(omar.id);
    expect((await pushes()).map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
    await answer(first, 'deny');
    expect((await pushes()).map(({ id }) => id)).toEqual([second.id]);
    clock.atEpochSeconds = NOW + BACKCHANNEL_SECONDS;
    expect(await pushes()).toEqual([]);
  });

  test('is shown to nobody who is asked more often than five times', async () => {
    const { clock, call, pushes } = callCase();
    const calls = [];
    for (let asked = 0; asked < 7; asked += 1) {
      calls.push(await call());
      clock.atEpochSeconds += 1;
    }
    expect((await pushes()).map(({ id }) => id)).toEqual(
      calls
        .slice(2)
        .reverse()
        .map(({ id }) => id),
    );
  });

  test('is not answered when its time is over', async () => {
    const { clock, call, answer } = callCase();
    const push = await call();
    clock.atEpochSeconds = NOW + BACKCHANNEL_SECONDS;
    await expect(answer(push)).rejects.toMatchObject({ status: 409 });
  });

  test('is answered again alike by the device whose confirmation was lost, and never otherwise', async () => {
    const { call, answer } = callCase();
    const push = await call();
    expect(await answer(push)).toBe('approved');
    expect(await answer(push)).toBe('approved');
    await expect(answer(push, 'deny')).rejects.toMatchObject({ status: 409 });
  });

  test('of somebody else is not there', async () => {
    const { call, answer } = callCase();
    const push = await call(omar.id);
    await expect(answer(push)).rejects.toMatchObject({ status: 404 });
  });

  test('is not answered by a device that was locked while it was heard', async () => {
    const { ledger, clock, call, telephone } = callCase();
    const push = await call();
    const device = (await telephone()) as AuthenticatorOf<'push-device'>;
    const answer = answerPush({
      ledger,
      clock,
      hear: async () => {
        ledger.seed(authenticatorType, { ...device, status: 'locked' });
        return { device, claims: { challenge: push.id, nonce: push.nonce, decision: 'approve' } };
      },
    });
    await expect(answer(push.id, 'said')).rejects.toMatchObject(refused);
  });
});
