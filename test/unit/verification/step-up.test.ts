import { describe, expect, test } from 'vitest';
import { type Claims, demoMaker, SoftwareAuthenticator } from '../../../demo/software-authenticator.ts';
import { assuranceOf } from '../../../lambdas/verification/assurance.ts';
import { type Authenticator, authenticatorType } from '../../../lambdas/verification/authenticator.ts';
import type { Caller } from '../../../lambdas/verification/caller.ts';
import { type Session, sessionType } from '../../../lambdas/verification/session.ts';
import { STEP_UP_SECONDS, type StepUp, type Wish } from '../../../lambdas/verification/step-up.ts';
import { callerOf, dana, deployBot, olga, sessionOf, triageBot } from '../../support/access-case.ts';
import { authenticatorCase, ORIGIN } from '../../support/authenticator-case.ts';

const caller = callerOf(dana);
const SESSION = caller.session;

type Case = ReturnType<typeof authenticatorCase>;
const refused = { status: 400, type: 'urn:sallyport:problem:step-up-refused' };
const unknown = { status: 404, detail: 'There is no such step-up, or you may not see it.' };

async function challenge({ stepUps }: Case, wish: Wish = {}, who = caller) {
  const { stepUp, publicKey } = await stepUps.begin(who, who.session, wish);
  return {
    stepUp,
    publicKey: publicKey as { challenge: string; rpId: string; allowCredentials: { id: string }[] },
  };
}

function byPasskey({ stepUps }: Case, stepUp: StepUp, credential: ReturnType<SoftwareAuthenticator['get']>) {
  return stepUps.answer(caller, stepUp.id, { method: 'passkey', credential });
}

function byCode({ stepUps }: Case, stepUp: StepUp, code: string) {
  return stepUps.answer(caller, stepUp.id, { method: 'otp', code });
}

async function kept({ ledger }: Case, id: string): Promise<Authenticator> {
  const stored = await ledger.read(authenticatorType, id);
  if (stored === undefined) throw new Error('It is not there');
  return stored.entity;
}

async function session({ ledger }: Case): Promise<Session> {
  const stored = await ledger.read(sessionType, SESSION);
  if (stored === undefined) throw new Error('It is not there');
  return stored.entity;
}

/** What the session shows of what was added to it. */
async function shown(one: Case) {
  const { evidence, ...rest } = await session(one);
  return assuranceOf({ ...rest, evidence: evidence.slice(1) }, 'web', one.clock.atEpochSeconds);
}

const wrongCode = (code: string) => (code === '000000' ? '000001' : '000000');

describe('a passkey', () => {
  test.for<[string, ConstructorParameters<typeof SoftwareAuthenticator>[0], number, string]>([
    ['in attested hardware', { origin: ORIGIN, maker: demoMaker }, 3, 'hwk'],
    ['that only says it is in hardware', { origin: ORIGIN }, 2, 'swk'],
    ['that is synced', { origin: ORIGIN, synced: true }, 2, 'swk'],
    ['that is synced, of an attested model', { origin: ORIGIN, synced: true, maker: demoMaker }, 2, 'swk'],
  ])('%s shows AAL%i', async ([, traits, aal, method]) => {
    const one = authenticatorCase();
    const { device, authenticator } = await one.enrolPasskey(traits);
    const { stepUp, publicKey } = await challenge(one);
    const answered = await byPasskey(one, stepUp, device.get(publicKey));

    expect(answered).toMatchObject({ token: { accessToken: 'issued' }, acr: `nist-aal${aal}` });
    const [, added] = (await session(one)).evidence;
    expect(added).toMatchObject({
      id: answered.evidence,
      of: 'dana',
      channel: 'web',
      method: 'passkey',
      issuer: 'https://sallyport.example',
      amr: [method, 'user', 'mfa'],
      phishingResistant: true,
      authenticator: authenticator.id,
    });
    expect(await shown(one)).toMatchObject({ aal, phishingResistant: true });
    expect(one.ledger.chain(SESSION).at(-1)).toMatchObject({
      type: 'evidence.added',
      details: { step_up: stepUp.id, evidence: [{ id: answered.evidence }] },
    });
    expect(one.notified).toEqual([SESSION]);
  });

  test.for<[string, (device: SoftwareAuthenticator) => Partial<Claims>]>([
    ['another challenge', () => ({ challenge: Buffer.from('another').toString('base64url') })],
    ['another origin', () => ({ origin: 'https://login.example.org' })],
    ['another relying party', () => ({ rpId: 'example.org' })],
    ['nobody present', () => ({ isUserPresent: false })],
    ['nobody verified', () => ({ isUserVerified: false })],
    ['a counter that stands', () => ({ counter: 1 })],
    ['a counter that goes back', () => ({ counter: 0 })],
    ['a key that can be synced now', () => ({ isBackupEligible: true })],
  ])('that answers with %s proves nothing, and has failed once', async ([, instead]) => {
    const one = authenticatorCase();
    const { device, authenticator } = await one.enrolPasskey();
    const { stepUp, publicKey } = await challenge(one);
    await expect(byPasskey(one, stepUp, device.get(publicKey, instead(device)))).rejects.toMatchObject(
      refused,
    );

    expect(await kept(one, authenticator.id)).toMatchObject({ consecutiveFailures: 1, counter: 1 });
    expect((await session(one)).evidence).toHaveLength(1);
    expect(one.notified).toEqual([]);
    expect(one.ledger.chain(SESSION).at(-1)).toMatchObject({
      type: 'step-up.failed',
      details: { authenticator: authenticator.id, consecutive_failures: 1 },
    });
  });

  test('whose signature is not of its answer proves nothing', async () => {
    const one = authenticatorCase();
    const { device } = await one.enrolPasskey();
    const { stepUp, publicKey } = await challenge(one);
    const answer = device.get(publicKey);
    const { signature } = device.get(publicKey).response;
    const mixed = { ...answer, response: { ...answer.response, signature } };
    await expect(byPasskey(one, stepUp, mixed)).rejects.toMatchObject(refused);
  });

  test('of somebody else proves nothing, and is none of those asked', async () => {
    const one = authenticatorCase();
    const own = await one.enrolPasskey();
    const other = await one.enrolPasskey({}, callerOf(olga));
    const { stepUp, publicKey } = await challenge(one);
    expect(publicKey.allowCredentials.map(({ id }) => id)).toEqual([own.device.credentialId]);
    await expect(byPasskey(one, stepUp, other.device.get(publicKey))).rejects.toMatchObject(refused);
    expect((await kept(one, own.authenticator.id)).consecutiveFailures).toBe(0);
    expect((await kept(one, other.authenticator.id)).consecutiveFailures).toBe(0);
  });

  test('that was never enrolled is answered as one of somebody else', async () => {
    const one = authenticatorCase();
    await one.enrolPasskey();
    const { stepUp, publicKey } = await challenge(one);
    const stranger = new SoftwareAuthenticator({ origin: ORIGIN });
    await expect(byPasskey(one, stepUp, stranger.get(publicKey))).rejects.toMatchObject(refused);
  });

  test('that has been locked since it was asked proves nothing', async () => {
    const one = authenticatorCase();
    const { device, authenticator } = await one.enrolPasskey();
    const { stepUp, publicKey } = await challenge(one);
    one.ledger.seed(authenticatorType, { ...authenticator, status: 'locked' });
    await expect(byPasskey(one, stepUp, device.get(publicKey))).rejects.toMatchObject(refused);
  });

  test('that has succeeded has not failed before, as far as counts', async () => {
    const one = authenticatorCase();
    const { device, authenticator } = await one.enrolPasskey();
    one.ledger.seed(authenticatorType, { ...authenticator, consecutiveFailures: 99 });
    const { stepUp, publicKey } = await challenge(one);
    await byPasskey(one, stepUp, device.get(publicKey));
    expect(await kept(one, authenticator.id)).toMatchObject({ consecutiveFailures: 0, counter: 2 });
  });

  test('locks with its hundredth failure in a row, and is not asked any more', async () => {
    const one = authenticatorCase();
    const { device, authenticator } = await one.enrolPasskey();
    one.ledger.seed(authenticatorType, { ...authenticator, consecutiveFailures: 99 });
    const { stepUp, publicKey } = await challenge(one);
    const wrong = device.get(publicKey, { isUserVerified: false });
    await expect(byPasskey(one, stepUp, wrong)).rejects.toMatchObject(refused);
    expect((await kept(one, authenticator.id)).status).toBe('locked');
    expect(one.ledger.chain(SESSION).at(-1)?.type).toBe('authenticator.locked');
    await expect(challenge(one)).rejects.toMatchObject({ status: 409 });
  });
});

describe('a code', () => {
  test('shows something held, which with a password is AAL2', async () => {
    const one = authenticatorCase();
    const { codeNow, authenticator } = await one.enrolCodes();
    const { stepUp, publicKey } = await challenge(one);
    expect([stepUp.method, publicKey]).toEqual(['otp', undefined]);
    expect(await byCode(one, stepUp, codeNow())).toMatchObject({ acr: 'nist-aal2' });
    expect((await session(one)).evidence.at(-1)).toMatchObject({
      method: 'otp',
      amr: ['otp'],
      phishingResistant: false,
      authenticator: authenticator.id,
    });
    expect(await shown(one)).toMatchObject({ aal: 1, phishingResistant: false });
  });

  test('counts once', async () => {
    const one = authenticatorCase();
    const { codeNow } = await one.enrolCodes();
    await byCode(one, (await challenge(one)).stepUp, codeNow());
    await expect(byCode(one, (await challenge(one)).stepUp, codeNow())).rejects.toMatchObject(refused);
    expect((await session(one)).evidence).toHaveLength(2);
  });

  test('counts no more once a later one has', async () => {
    const one = authenticatorCase();
    const { codeNow } = await one.enrolCodes();
    const earlier = codeNow();
    one.clock.atEpochSeconds += 30;
    await byCode(one, (await challenge(one)).stepUp, codeNow());
    await expect(byCode(one, (await challenge(one)).stepUp, earlier)).rejects.toMatchObject(refused);
  });

  test('by which the app was enrolled counts no more', async () => {
    const one = authenticatorCase();
    const { codeNow } = await one.enrolCodes();
    one.clock.atEpochSeconds -= 30;
    await expect(byCode(one, (await challenge(one)).stepUp, codeNow())).rejects.toMatchObject(refused);
  });

  test('is not looked at, right or wrong, after five failures in five minutes', async () => {
    const one = authenticatorCase();
    const { codeNow, authenticator } = await one.enrolCodes();
    const waiting = await challenge(one);
    for (let failure = 0; failure < 5; failure += 1) {
      const { stepUp } = await challenge(one);
      await expect(byCode(one, stepUp, wrongCode(codeNow()))).rejects.toMatchObject(refused);
    }
    const tooMany = { status: 429, headers: { 'retry-after': '300' } };
    await expect(challenge(one)).rejects.toMatchObject(tooMany);
    await expect(byCode(one, waiting.stepUp, codeNow())).rejects.toMatchObject(tooMany);
    expect((await kept(one, authenticator.id)).consecutiveFailures).toBe(5);

    one.clock.atEpochSeconds += 299;
    await expect(byCode(one, waiting.stepUp, codeNow())).rejects.toMatchObject({
      headers: { 'retry-after': '1' },
    });
    one.clock.atEpochSeconds += 1;
    await byCode(one, (await challenge(one)).stepUp, codeNow());
    expect((await kept(one, authenticator.id)).consecutiveFailures).toBe(0);
  });

  test('that many guess at once is guessed at five times', async () => {
    const one = authenticatorCase();
    const { codeNow, authenticator } = await one.enrolCodes();
    const stepUps = await Promise.all(Array.from({ length: 12 }, async () => (await challenge(one)).stepUp));
    await Promise.allSettled(stepUps.map((stepUp) => byCode(one, stepUp, wrongCode(codeNow()))));
    expect((await kept(one, authenticator.id)).consecutiveFailures).toBeLessThanOrEqual(5);
    expect((await session(one)).evidence).toHaveLength(1);
  });

  test('does not answer for a passkey, nor a passkey for a code', async () => {
    const one = authenticatorCase();
    const { codeNow } = await one.enrolCodes();
    const { device } = await one.enrolPasskey();
    const passkeys = await challenge(one);
    await expect(byCode(one, passkeys.stepUp, codeNow())).rejects.toMatchObject(refused);
    const codes = await challenge(one, { method: 'otp' });
    await expect(byPasskey(one, codes.stepUp, device.get(passkeys.publicKey))).rejects.toMatchObject(refused);
  });
});

describe('a step-up', () => {
  test('takes one answer', async () => {
    const one = authenticatorCase();
    const { device, authenticator } = await one.enrolPasskey();
    const { stepUp, publicKey } = await challenge(one);
    const answer = device.get(publicKey);
    await byPasskey(one, stepUp, answer);
    await expect(byPasskey(one, stepUp, answer)).rejects.toMatchObject(refused);
    await expect(byPasskey(one, stepUp, device.get(publicKey))).rejects.toMatchObject(refused);
    expect((await session(one)).evidence).toHaveLength(2);
    expect((await kept(one, authenticator.id)).consecutiveFailures).toBe(0);
  });

  test('takes one answer of two that come at once', async () => {
    const one = authenticatorCase();
    const { device } = await one.enrolPasskey();
    const { stepUp, publicKey } = await challenge(one);
    const both = [device.get(publicKey), device.get(publicKey)];
    const outcomes = await Promise.allSettled(both.map((answer) => byPasskey(one, stepUp, answer)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await session(one)).evidence).toHaveLength(2);
  });

  test('takes no right answer after a wrong one', async () => {
    const one = authenticatorCase();
    const { device } = await one.enrolPasskey();
    const { stepUp, publicKey } = await challenge(one);
    const wrong = device.get(publicKey, { isUserVerified: false });
    await expect(byPasskey(one, stepUp, wrong)).rejects.toMatchObject(refused);
    await expect(byPasskey(one, stepUp, device.get(publicKey))).rejects.toMatchObject(refused);
  });

  test('is not answered by the answer to another', async () => {
    const one = authenticatorCase();
    const { device } = await one.enrolPasskey();
    const [first, second] = [await challenge(one), await challenge(one)];
    await expect(byPasskey(one, second.stepUp, device.get(first.publicKey))).rejects.toMatchObject(refused);
  });

  test('lasts five minutes', async () => {
    const one = authenticatorCase();
    const { device } = await one.enrolPasskey();
    const [first, second] = [await challenge(one), await challenge(one)];
    one.clock.atEpochSeconds += STEP_UP_SECONDS - 1;
    await byPasskey(one, first.stepUp, device.get(first.publicKey));
    one.clock.atEpochSeconds += 1;
    await expect(byPasskey(one, second.stepUp, device.get(second.publicKey))).rejects.toMatchObject(refused);
  });

  test('keeps what was added to the session meanwhile', async () => {
    const one = authenticatorCase();
    const first = await one.enrolPasskey();
    const second = await one.enrolPasskey();
    const challenges = [await challenge(one), await challenge(one)] as const;
    await Promise.all([
      byPasskey(one, challenges[0].stepUp, first.device.get(challenges[0].publicKey)),
      byPasskey(one, challenges[1].stepUp, second.device.get(challenges[1].publicKey)),
    ]);
    expect((await session(one)).evidence).toHaveLength(3);
  });

  test.for<[string, Caller]>([
    ['another person', callerOf(olga)],
    ['another session of its person', { ...caller, session: 'session-2' }],
    ['its person in another channel', { ...caller, channel: 'desktop' }],
    ['who acts for its person', { ...caller, actors: [olga] }],
  ])('is unknown to %s', async ([, other]) => {
    const one = authenticatorCase();
    const { device } = await one.enrolPasskey();
    const { stepUp, publicKey } = await challenge(one);
    const answer = { method: 'passkey' as const, credential: device.get(publicKey) };
    await expect(one.stepUps.answer(other, stepUp.id, answer)).rejects.toMatchObject(unknown);
    await expect(one.stepUps.answer(other, 'unknown', answer)).rejects.toMatchObject(unknown);
  });

  test('is over with its session', async () => {
    const one = authenticatorCase();
    const { device } = await one.enrolPasskey();
    const { stepUp, publicKey } = await challenge(one);
    one.ledger.seed(sessionType, { ...sessionOf(dana), status: 'ended' });
    await expect(byPasskey(one, stepUp, device.get(publicKey))).rejects.toMatchObject(unknown);
  });
});

describe('asking for a step-up', () => {
  test.for<[string, Caller, string]>([
    ['another session than the caller’s', caller, 'session-olga'],
    ['no session', caller, 'unknown'],
  ])('for %s finds none', async ([, who, sessionId]) => {
    const { stepUps } = authenticatorCase();
    await expect(stepUps.begin(who, sessionId, {})).rejects.toMatchObject({
      status: 404,
      detail: 'There is no such session, or you may not see it.',
    });
  });

  test.for<[string, Caller]>([
    ['a machine', callerOf(deployBot)],
    ['an agent for its person', callerOf(dana, [triageBot])],
    ['staff who act for a customer', callerOf(dana, [olga])],
  ])('is not for %s', async ([, who]) => {
    const one = authenticatorCase();
    await one.enrolPasskey();
    await expect(challenge(one, {}, who)).rejects.toMatchObject({ status: 403 });
  });

  test('by who has enrolled nothing is refused', async () => {
    await expect(challenge(authenticatorCase())).rejects.toMatchObject({ status: 409 });
  });

  test('on the telephone is refused: nothing of this would count there', async () => {
    const one = authenticatorCase();
    await one.enrolPasskey();
    await expect(challenge(one, {}, { ...caller, channel: 'voice' })).rejects.toMatchObject({ status: 409 });
  });

  test('takes a passkey where there is one, and codes where they are wanted', async () => {
    const one = authenticatorCase();
    await one.enrolCodes();
    await one.enrolPasskey();
    expect((await challenge(one)).stepUp.method).toBe('passkey');
    expect((await challenge(one, { method: 'otp' })).stepUp.method).toBe('otp');
  });

  test('for AAL3 asks attested hardware alone', async () => {
    const one = authenticatorCase();
    await one.enrolCodes();
    await one.enrolPasskey();
    await one.enrolPasskey({ synced: true, maker: demoMaker });
    await expect(challenge(one, { aal: 3 })).rejects.toMatchObject({ status: 409 });
    const { device } = await one.enrolPasskey({ maker: demoMaker });
    const { publicKey } = await challenge(one, { aal: 3 });
    expect(publicKey.allowCredentials.map(({ id }) => id)).toEqual([device.credentialId]);
  });
});
