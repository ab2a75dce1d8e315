import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../../lambdas/platform/channel.ts';
import { assuranceOf } from '../../../lambdas/verification/assurance.ts';
import type { Caller } from '../../../lambdas/verification/caller.ts';
import { handoffIdOf, handoffType, type Recipient } from '../../../lambdas/verification/handoff.ts';
import { makeHandoff } from '../../../lambdas/verification/make-handoff.step.ts';
import { type Principal, principalType } from '../../../lambdas/verification/principal.ts';
import type { TokenVerifiers } from '../../../lambdas/verification/prove-identities.step.ts';
import { type Redemption, redeemHandoff } from '../../../lambdas/verification/redeem-handoff.step.ts';
import { presenceIn, type Session, sessionType } from '../../../lambdas/verification/session.ts';
import { sessionTokens } from '../../../lambdas/verification/session-token.ts';
import type { ProvenIdentity, TokenVerifier } from '../../../lambdas/verification/token-verifier.port.ts';
import {
  callerOf,
  clockAt,
  countedIds,
  dana,
  deployment,
  ledgerOfEverybody,
  machine,
  NOW,
  omar,
  person,
  type SetClock,
  sessionOf,
  triageBot,
} from '../../support/access-case.ts';
import type { InMemoryLedger } from '../../support/in-memory-ledger.ts';

fc.configureGlobal({ seed: 20260105 });

const sam = person('sam', 'support');
const sue = person('sue', 'support');
const toSupport: Recipient = { type: 'group', id: 'support' };
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';

/** Tokens that say who they are of, where, and how they signed in: `sam@desktop`, with a password; `dana@desktop@otp`. */
const verifier: TokenVerifier = {
  verify: async (token) => {
    const [principalId = '', channel = '', method = 'pwd'] = token.split('@');
    if (![dana, omar, sam, sue].some(({ id }) => id === principalId)) return undefined;
    const { id: _, of: __, ...evidence } = sessionOf(dana).evidence[0] as Session['evidence'][number];
    return {
      principalId,
      of: 'person',
      evidence: { ...evidence, channel: channel as Channel, amr: [method] },
    } satisfies ProvenIdentity;
  },
};
const verifiers = new Proxy({} as TokenVerifiers, { get: () => verifier });

let ledger: InMemoryLedger;
let clock: SetClock;
let signed: Record<string, unknown>[];
let make: ReturnType<typeof makeHandoff>;
let redeem: (redemption: Redemption) => Promise<unknown>;

beforeEach(() => {
  ledger = ledgerOfEverybody();
  for (const one of [sam, sue]) ledger.seed(principalType, one);
  clock = clockAt();
  signed = [];
  const ids = countedIds();
  make = makeHandoff({ ledger, clock, ids });
  redeem = redeemHandoff({
    deployment,
    verifiers,
    singleUse: { spend: async () => true },
    ledger,
    issueToken: sessionTokens({
      signer: {
        sign: async (_, claims) => {
          signed.push(claims);
          return 'signed';
        },
      },
      ids,
      issuer: 'https://sallyport.example',
    }),
    clock,
    ids,
  });
});

const SESSION = 'session-dana';
const own = (as: 'subject' | 'actor', token: string): Redemption['own'] => ({
  as,
  token: { token, type: ID_TOKEN },
});
const codeFor = async (targetChannel: Channel, to?: Recipient, caller = callerOf(dana)): Promise<string> =>
  (await make(caller, SESSION, { targetChannel, to })).code;
const session = async (): Promise<Session> => (await ledger.read(sessionType, SESSION))?.entity as Session;
const aalAt = async (channel: Channel, ...actors: Principal[]) =>
  assuranceOf(await session(), { channel, actors }, clock.atEpochSeconds).aal;
const told = () => ledger.chain(SESSION).map(({ type }) => type);
const refused = { status: 400, extensions: { error: 'invalid_grant' } };

async function expectRefused(redemption: Redemption, reason?: string): Promise<void> {
  const before = await session();
  signed = [];
  await expect(redeem(redemption)).rejects.toMatchObject(refused);
  expect([await session(), signed]).toEqual([before, []]);
  const last = ledger.chain(SESSION).at(-1);
  if (reason !== undefined) expect(last).toMatchObject({ type: 'handoff.refused', details: { reason } });
}

/** Dana's session, which Sam has taken over at the desktop: how he calls then. */
async function samAtTheDesktop(): Promise<Caller> {
  const code = await codeFor('desktop', toSupport);
  await redeem({ code, own: own('actor', 'sam@desktop') });
  return { ...callerOf(dana), actors: [sam], channel: 'desktop' };
}

describe('a handoff', () => {
  test('is kept without its code', async () => {
    const code = await codeFor('desktop');
    expect(code.length).toBeGreaterThan(0);
    expect(JSON.stringify([ledger.entities(), ledger.chain(SESSION)])).not.toContain(code);
    expect((await ledger.read(handoffType, handoffIdOf(code)))?.entity).toMatchObject({
      session: SESSION,
      status: 'open',
      expiresAtEpochSeconds: NOW + 120,
    });
  });

  test('is for whoever makes it, unless they say for whom', async () => {
    const recipient = async (code: string) => (await ledger.read(handoffType, handoffIdOf(code)))?.entity.to;
    expect(await recipient(await codeFor('desktop'))).toEqual({ type: 'user', id: 'dana' });
    expect(await recipient(await codeFor('desktop', toSupport))).toEqual(toSupport);
    const sams = await codeFor('web', undefined, await samAtTheDesktop());
    expect(await recipient(sams)).toEqual({ type: 'user', id: 'sam' });
    const gateway = machine('service_account', 'call-centre', 'omar');
    const called: Caller = { ...callerOf(dana), actors: [gateway], channel: 'voice' };
    expect(await recipient(await codeFor('web', undefined, called))).toEqual({ type: 'user', id: 'dana' });
  });

  test.for<[string, number, () => Promise<unknown>]>([
    [
      'of a session that the caller is not in',
      404,
      () => make(callerOf(omar), SESSION, { targetChannel: 'desktop' }),
    ],
    [
      'of their person’s session by an agent',
      403,
      () => codeFor('desktop', undefined, callerOf(dana, [triageBot])),
    ],
    ['into the channel where it is', 400, () => codeFor('web')],
    ['to a machine', 400, () => codeFor('machine')],
  ])('is not made %s', async ([, status, attempt]) => {
    await expect(attempt()).rejects.toMatchObject({ status });
    expect(told()).toEqual([]);
  });
});

describe('a session is taken over', () => {
  test('by its principal with their own sign-in there by something held: what was proven comes along, up to the cap', async () => {
    await redeem({ code: await codeFor('desktop'), own: own('subject', 'dana@desktop@otp') });
    expect(await aalAt('desktop')).toBe(2);
    expect((await session()).presences.at(-1)).toMatchObject({
      channel: 'desktop',
      actors: [],
      handedOver: { from: 'web', boundBy: 'authenticator' },
    });
    expect(signed).toEqual([expect.objectContaining({ sub: 'dana', sid: SESSION, channel: 'desktop' })]);
  });

  test('by its principal with a password: as by the code alone', async () => {
    await redeem({ code: await codeFor('desktop'), own: own('subject', 'dana@desktop') });
    expect(await aalAt('desktop')).toBe(1);
    expect((await session()).presences.at(-1)).toMatchObject({ handedOver: { boundBy: 'code' } });
  });

  test('by the code alone: at the lowest level', async () => {
    await redeem({ code: await codeFor('desktop') });
    expect([await aalAt('desktop'), signed[0]?.['acr']]).toEqual([1, 'nist-aal1']);
  });

  test('by the key of the presence that it came from: with what was proven', async () => {
    const code = await codeFor('desktop', undefined, { ...callerOf(dana), keyThumbprint: 'key-1' });
    await redeem({ code, provenKeyThumbprint: 'key-1' });
    expect(await aalAt('desktop')).toBe(2);
    expect(signed[0]).toMatchObject({ cnf: { jkt: 'key-1' } });
  });

  test('by another key: at the lowest level, bound to that key', async () => {
    const code = await codeFor('desktop', undefined, { ...callerOf(dana), keyThumbprint: 'key-1' });
    await redeem({ code, provenKeyThumbprint: 'key-2' });
    expect([await aalAt('desktop'), signed[0]?.['cnf']]).toEqual([1, { jkt: 'key-2' }]);
  });

  test('by a key where the session came without one: at the lowest level', async () => {
    await redeem({ code: await codeFor('desktop'), provenKeyThumbprint: 'key-1' });
    expect(await aalAt('desktop')).toBe(1);
  });

  test('by a member of staff, who acts for its principal, each with what they have proven', async () => {
    await samAtTheDesktop();
    expect(signed).toEqual([
      expect.objectContaining({ sub: 'dana', act: { sub: 'sam' }, client_id: 'sam', channel: 'desktop' }),
    ]);
    expect((await session()).evidence.map(({ of, channel }) => [of, channel])).toEqual([
      ['dana', 'web'],
      ['sam', 'desktop'],
    ]);
    expect(await aalAt('desktop', sam)).toBe(1);
    expect(ledger.chain(SESSION).at(-1)).toMatchObject({
      type: 'handoff.redeemed',
      who: { principal: { id: 'dana' }, actors: [{ id: 'sam' }], channel: 'desktop' },
      details: { bound_by: 'code', from: { channel: 'web', actors: [] } },
    });
  });

  test('and carried on by them to the next channel, where what its principal proved there is not theirs', async () => {
    ledger.seed(sessionType, {
      ...sessionOf(dana),
      evidence: sessionOf(dana).evidence.map((one) => ({
        ...one,
        method: 'passkey' as const,
        amr: ['hwk', 'pin'],
        phishingResistant: true,
      })),
    });
    const code = await codeFor('web', undefined, await samAtTheDesktop());
    await redeem({ code, own: own('actor', 'sam@web') });
    expect([await aalAt('web'), await aalAt('web', sam)]).toEqual([3, 1]);
  });
});

describe('a handoff is refused, and the refusal told', () => {
  test('a second time, whoever shows it', async () => {
    const code = await codeFor('desktop', toSupport);
    await redeem({ code, own: own('actor', 'sam@desktop') });
    await expectRefused({ code, own: own('actor', 'sam@desktop') }, 'redeemed_before');
    await expectRefused({ code, own: own('actor', 'sue@desktop') }, 'redeemed_before');
  });

  test('at the second when its time is over', async () => {
    const code = await codeFor('desktop');
    clock.atEpochSeconds += 120;
    await expectRefused({ code }, 'expired');
    clock.atEpochSeconds -= 1;
    await redeem({ code });
  });

  test.for<[string, string, Channel, Recipient | undefined, Omit<Redemption, 'code'>]>([
    ['for another channel', 'another_channel', 'desktop', undefined, { own: own('subject', 'dana@web') }],
    [
      'for staff, in another channel',
      'another_channel',
      'desktop',
      toSupport,
      { own: own('actor', 'sam@web') },
    ],
    ['by somebody else', 'not_for_them', 'desktop', undefined, { own: own('subject', 'omar@desktop') }],
    [
      'by staff whom it is not for',
      'not_for_them',
      'desktop',
      undefined,
      { own: own('actor', 'sam@desktop') },
    ],
    [
      'by one of staff where it is for another',
      'not_for_them',
      'desktop',
      { type: 'user', id: 'sue' },
      { own: own('actor', 'sam@desktop') },
    ],
    [
      'by whom it is for, where they may act for nobody',
      'not_for_them',
      'desktop',
      { type: 'user', id: 'omar' },
      { own: own('actor', 'omar@desktop') },
    ],
    [
      'by its principal acting for themself',
      'not_for_them',
      'desktop',
      undefined,
      { own: own('actor', 'dana@desktop') },
    ],
    ['by staff as its subject', 'not_for_them', 'desktop', toSupport, { own: own('subject', 'sam@desktop') }],
    ['by the code alone where it is for staff', 'not_for_them', 'desktop', toSupport, {}],
  ])('%s', async ([, reason, channel, to, shown]) => {
    const code = await codeFor(channel, to);
    await expectRefused({ code, ...shown }, reason);
  });

  test('by the code alone where somebody acts: they would shed that', async () => {
    const code = await codeFor('web', { type: 'user', id: 'dana' }, await samAtTheDesktop());
    await expectRefused({ code }, 'needs_own_proof');
    await redeem({ code, own: own('subject', 'dana@web') });
  });

  test('by the code alone where the session is already: its proofs there are not for whoever has a code', async () => {
    await redeem({ code: await codeFor('desktop'), own: own('subject', 'dana@desktop') });
    await expectRefused({ code: await codeFor('desktop') }, 'is_there_already');
  });

  test.for<[string, () => void]>([
    ['has ended', () => ledger.seed(sessionType, { ...sessionOf(dana), status: 'ended' })],
    ['is over', () => ledger.seed(sessionType, { ...sessionOf(dana), expiresAtEpochSeconds: NOW })],
    ['is of somebody who is suspended', () => ledger.seed(principalType, { ...dana, status: 'suspended' })],
  ])('where the session %s', async ([, change]) => {
    const code = await codeFor('desktop');
    change();
    await expectRefused({ code }, 'session_over');
  });

  test('where the session has passed as many channels as one item holds', async () => {
    const { presences } = sessionOf(dana);
    ledger.seed(sessionType, { ...sessionOf(dana), presences: Array(100).fill(presences[0]) });
    await expectRefused({ code: await codeFor('desktop') }, 'passed_too_often');
  });

  test('and says the same of one that there is not', async () => {
    const known = await codeFor('desktop', toSupport);
    const messages = await Promise.all(
      [known, 'guessed'].map((code) => redeem({ code }).catch(({ detail }) => detail)),
    );
    expect(new Set(messages).size).toBe(1);
    expect(told()).toEqual(['handoff.made', 'handoff.refused']);
  });

  test('by a token that proves nobody, before anything is said of the handoff', async () => {
    const code = await codeFor('desktop');
    await expect(redeem({ code, own: own('subject', 'mallory@desktop') })).rejects.toMatchObject({
      extensions: { error: 'invalid_request' },
    });
    expect(told()).toEqual(['handoff.made']);
  });
});

test('whoever races for a handoff, and however: one takes it over, and the others are told of', async () => {
  const ways: Omit<Redemption, 'code'>[] = [
    {},
    { own: own('subject', 'dana@desktop') },
    { provenKeyThumbprint: 'key-1' },
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...ways), { minLength: 2, maxLength: 4 }), async (racing) => {
      ledger.seed(sessionType, sessionOf(dana));
      signed = [];
      const before = told().length;
      const code = await codeFor('desktop', undefined, { ...callerOf(dana), keyThumbprint: 'key-1' });
      const outcomes = await Promise.allSettled(racing.map((way) => redeem({ code, ...way })));
      const won = outcomes.filter(({ status }) => status === 'fulfilled');
      expect([won.length, signed.length, (await session()).presences.length]).toEqual([1, 1, 2]);
      expect(told().slice(before).sort()).toEqual([
        'handoff.made',
        'handoff.redeemed',
        ...Array(racing.length - 1).fill('handoff.refused'),
      ]);
    }),
    { numRuns: 50 },
  );
});

test('whatever hops a session takes, it proves no more anywhere than its first channel gave', async () => {
  const channels: Channel[] = ['web', 'desktop'];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('alone', 'staff'), { maxLength: 6 }), async (hops) => {
      ledger.seed(sessionType, sessionOf(dana));
      let caller = callerOf(dana);
      for (const [index, hop] of hops.entries()) {
        const channel = channels[(index + 1) % 2] as Channel;
        const to = hop === 'staff' ? toSupport : undefined;
        const code = await codeFor(channel, to, caller);
        const shown = hop === 'staff' ? own('actor', `sam@${channel}`) : undefined;
        const went = await redeem({ code, own: shown }).then(
          () => true,
          () => false,
        );
        if (!went) break;
        caller = { ...caller, channel, actors: hop === 'staff' ? [sam] : [] };
        const presence = presenceIn(await session(), channel, caller.actors);
        expect(presence).toBeDefined();
        expect(await aalAt(channel, ...caller.actors)).toBeLessThanOrEqual(
          hops.slice(0, index + 1).includes('alone') ? 1 : 2,
        );
      }
    }),
    { numRuns: 50 },
  );
});
