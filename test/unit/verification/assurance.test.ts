import { describe, expect, test } from 'vitest';
import { Channel } from '../../../lambdas/platform/channel.ts';
import { acrOf, assuranceOf, nothingProven } from '../../../lambdas/verification/assurance.ts';
import type { Evidence, EvidenceMethod, RiskSignal } from '../../../lambdas/verification/evidence.ts';
import { HOUR, NOW } from '../../support/access-case.ts';
import { DAY, evidence, handedOver, opened, proven } from '../../support/proven-session.ts';

const onTheWeb = (...all: Evidence[]) => assuranceOf(proven({ evidence: all }), 'web', NOW);

describe('the level of methods', () => {
  const aalOf = (amr: string[], phishingResistant: boolean) =>
    onTheWeb(evidence({ amr, phishingResistant })).aal;

  test.for<[string[], number]>([
    [[], 1],
    [['pwd'], 1],
    [['otp'], 1],
    [['hwk'], 1],
    [['wia'], 1],
    [['pwd', 'pin'], 1],
    [['face', 'fpt'], 1],
    [['hwk', 'swk'], 1],
    [['kba', 'pwd'], 1],
    [['vbm', 'pwd'], 1],
    [['vbm', 'hwk'], 1],
    [['sms', 'pwd'], 1],
    [['tel', 'pwd'], 1],
    [['sms', 'pwd', 'mfa'], 1],
    [['kba', 'pwd', 'mfa'], 1],
    [['user', 'pwd'], 1],
    [['constructor', 'pwd'], 1],
    [['__proto__', 'toString'], 1],
    [['pwd', 'otp'], 2],
    [['pwd', 'otp', 'sms'], 2],
    [['mfa'], 2],
    [['mfa', 'user', 'pwd'], 2],
    [['swk', 'fpt'], 2],
    [['sc', 'pin'], 2],
    [['kba'], 0],
    [['vbm'], 0],
    [['sms'], 0],
    [['sms', 'mfa'], 1],
    [['tel', 'kba', 'vbm'], 0],
    [['geo', 'rba', 'user'], 0],
  ])('%j is AAL %i, whether it resists phishing or not', ([amr, aal]) => {
    expect([aalOf(amr, false), aalOf(amr, true)]).toEqual([aal, aal]);
  });

  test.for<[string[], boolean, number]>([
    [['hwk', 'pin'], true, 3],
    [['hwk', 'fpt', 'mfa'], true, 3],
    [['hwk', 'pwd'], true, 3],
    [['hwk', 'pin'], false, 2],
    [['swk', 'pin'], true, 2],
    [['sc', 'pin'], true, 2],
    [['hwk', 'mfa'], true, 3],
    [['hwk', 'mfa'], false, 2],
    [['hwk', 'mfa', 'sms'], true, 1],
    [['hwk', 'otp'], true, 1],
  ])('%j, phishing-resistant %j, is AAL %i', ([amr, resists, aal]) => {
    expect(aalOf(amr, resists)).toBe(aal);
  });

  test.for<[EvidenceMethod, number]>([
    ['otp', 2],
    ['push', 2],
    ['passkey', 3],
    ['oidc', 3],
  ])('%s is at the most AAL %i, whatever it says of itself', ([method, aal]) => {
    expect(onTheWeb(evidence({ method, amr: ['hwk', 'pin', 'mfa'], phishingResistant: true })).aal).toBe(aal);
  });
});

describe('two acts', () => {
  const password = evidence({ id: 'password', amr: ['pwd'], phishingResistant: false });
  const code = evidence({ id: 'code', method: 'otp' });
  const ago = (one: Evidence, seconds: number): Evidence => ({
    ...one,
    id: `${one.id}, ${seconds} s ago`,
    observedAtEpochSeconds: NOW - seconds,
  });

  test('of something known and something held in one channel are AAL 2, as old as the older', () => {
    expect(onTheWeb(ago(password, 60), code)).toMatchObject({
      aal: 2,
      amr: ['otp', 'pwd'],
      evidence: ['code', 'password, 60 s ago'],
      authTimeEpochSeconds: NOW - 60,
    });
  });

  test.for<[string, Evidence, Evidence]>([
    ['of which both are known', password, ago(password, 1)],
    ['of which both are held', code, ago(code, 1)],
    ['of which one is a biometric alone', evidence({ amr: ['fpt'], phishingResistant: false }), code],
    ['of which one is too old for AAL 2', ago(password, DAY), code],
  ])('%s are AAL 1', ([, one, other]) => {
    expect(onTheWeb(one, other).aal).toBe(1);
  });

  test('in two channels are AAL 1, though a handoff brought them together', () => {
    const session = proven({
      evidence: [password, { ...code, channel: 'desktop' }],
      presences: [opened('web'), handedOver('web', 'desktop')],
    });
    expect(assuranceOf(session, 'desktop', NOW).aal).toBe(1);
  });

  test('are found beside a newer one in another channel, which goes with neither', () => {
    const session = proven({
      evidence: [ago(password, 60), ago(code, 60), { ...code, channel: 'desktop' }],
      presences: [opened('web'), handedOver('web', 'desktop')],
    });
    expect(assuranceOf(session, 'desktop', NOW).aal).toBe(2);
  });

  test('are not AAL 3, even with a key in hardware', () => {
    expect(onTheWeb(password, evidence({ method: 'passkey', amr: ['hwk'] }))).toMatchObject({
      aal: 2,
      phishingResistant: true,
    });
  });
});

describe('the age of a level', () => {
  test.for<[string[], number, number]>([
    [['hwk', 'pin'], 12 * HOUR - 1, 3],
    [['hwk', 'pin'], 12 * HOUR, 2],
    [['hwk', 'pin'], 24 * HOUR - 1, 2],
    [['hwk', 'pin'], 24 * HOUR, 1],
    [['pwd', 'otp'], 24 * HOUR - 1, 2],
    [['pwd', 'otp'], 24 * HOUR, 1],
    [['pwd'], 30 * DAY - 1, 1],
    [['pwd'], 30 * DAY, 0],
  ])('%j, %i seconds after: AAL %i', ([amr, age, aal]) => {
    expect(assuranceOf(proven({ evidence: [evidence({ amr })] }), 'web', NOW + age).aal).toBe(aal);
  });

  test('is counted from the authentication, not from when it was told', () => {
    const told = evidence({ observedAtEpochSeconds: NOW - 12 * HOUR, recordedAtEpochSeconds: NOW });
    expect(onTheWeb(told)).toMatchObject({ aal: 2, authTimeEpochSeconds: NOW - 12 * HOUR });
  });
});

test('evidence does not count before it was observed, nor from its expiry on', () => {
  const session = proven({ evidence: [evidence({ amr: ['pwd'], expiresAtEpochSeconds: NOW + 60 })] });
  const levels = [NOW - 1, NOW, NOW + 59, NOW + 60].map((now) => assuranceOf(session, 'web', now).aal);
  expect(levels).toEqual([0, 1, 1, 0]);
});

test('a level rests on the newest evidence that gives it', () => {
  const older = evidence({ id: 'older', amr: ['pwd', 'otp'], observedAtEpochSeconds: NOW - 60 });
  const newer = evidence({ id: 'newer', amr: ['pwd', 'otp'], phishingResistant: false });
  const weak = evidence({ id: 'weak', amr: ['pwd'], phishingResistant: false });
  expect(onTheWeb(older, weak, newer)).toEqual({
    aal: 2,
    ial: 0,
    phishingResistant: true,
    attested: false,
    posture: {},
    authTimeEpochSeconds: NOW,
    secondsSinceAuthentication: 0,
    amr: ['pwd', 'otp'],
    risk: 'low',
    evidence: ['newer'],
  });
});

test('two factors are as fresh as they were proven last, at whatever level', () => {
  const session = proven({
    evidence: [
      evidence({ id: 'passkey', method: 'passkey', observedAtEpochSeconds: NOW - 3600 }),
      evidence({ id: 'push', amr: ['swk', 'pin'], observedAtEpochSeconds: NOW - 60 }),
      evidence({ id: 'password', amr: ['pwd'] }),
    ],
  });
  expect(assuranceOf(session, 'web', NOW)).toMatchObject({
    aal: 3,
    authTimeEpochSeconds: NOW - 3600,
    secondsSinceAuthentication: 60,
  });
  const withPasswordAlone = { ...session, evidence: session.evidence.slice(2) };
  expect(assuranceOf(withPasswordAlone, 'web', NOW)).not.toHaveProperty('secondsSinceAuthentication');
});

describe('phishing resistance', () => {
  test.for<[string, Evidence[], boolean]>([
    ['a passkey', [evidence({ method: 'passkey' })], true],
    ['a synced passkey', [evidence({ method: 'passkey', amr: ['swk', 'face'] })], true],
    ['a push', [evidence({ method: 'push' })], false],
    ['a key alone', [evidence({ method: 'passkey', amr: ['hwk'] })], false],
    [
      'a key, and a password that was typed in',
      [evidence({ method: 'passkey', amr: ['hwk'] }), evidence({ amr: ['pwd'], phishingResistant: false })],
      true,
    ],
    [
      'a code that was typed in, and a password',
      [evidence({ method: 'otp' }), evidence({ amr: ['pwd'], phishingResistant: true })],
      false,
    ],
  ])('of %s: see %#', ([, all, expected]) => {
    expect(onTheWeb(...all).phishingResistant).toBe(expected);
  });

  test('is there where it was carried at AAL 2, and not at AAL 1', () => {
    const reaching = (to: Channel) =>
      assuranceOf(
        proven({
          evidence: [evidence({ method: 'passkey' })],
          presences: [opened('web'), handedOver('web', to)],
        }),
        to,
        NOW,
      ).phishingResistant;
    expect([reaching('desktop'), reaching('voice')]).toEqual([true, false]);
  });

  test('ends with AAL 2', () => {
    const session = proven({ evidence: [evidence({ method: 'passkey' })] });
    const resists = [DAY - 1, DAY].map((age) => assuranceOf(session, 'web', NOW + age).phishingResistant);
    expect(resists).toEqual([true, false]);
  });
});

/** What each method gives where it was observed, at its best. Undefined: it is none of that channel's. */
const best: Record<EvidenceMethod, Partial<Record<Channel, number>>> = {
  oidc: { web: 3, desktop: 3 },
  passkey: { web: 3, desktop: 3 },
  otp: { web: 1, desktop: 1 },
  push: { web: 2, desktop: 2, voice: 2 },
  'attested-proofing': { 'in-person': 0 },
  'workload-token': { machine: 0 },
  'aws-caller': { machine: 0 },
};

/** How much of a level goes from the first channel to the second. Undefined: nothing does. */
const carries: Record<Channel, Partial<Record<Channel, number>>> = {
  web: { web: 3, desktop: 2, voice: 1, 'in-person': 1 },
  desktop: { web: 2, desktop: 3, voice: 1, 'in-person': 1 },
  voice: { web: 1, desktop: 1, voice: 3, 'in-person': 1 },
  'in-person': { web: 1, desktop: 1, voice: 1, 'in-person': 3 },
  machine: { machine: 3 },
};

const ages: readonly (readonly [seconds: number, most: number])[] = [
  [0, 3],
  [12 * HOUR - 1, 3],
  [12 * HOUR, 2],
  [DAY - 1, 2],
  [DAY, 1],
  [30 * DAY - 1, 1],
  [30 * DAY, 0],
  [365 * DAY - 1, 0],
  [365 * DAY, 0],
];

const machineMethods: readonly EvidenceMethod[] = ['workload-token', 'aws-caller'];

describe('evidence of each channel by each method, in each target channel, at each age', () => {
  const rows = Channel.options.flatMap((channel) =>
    (Object.keys(best) as EvidenceMethod[]).flatMap((method) =>
      Channel.options.map((target) => [channel, method, target] as const),
    ),
  );

  test.for(rows)('%s × %s → %s', ([channel, method, target]) => {
    const isCounted = best[method][channel] !== undefined && carries[channel][target] !== undefined;
    const presences = [opened(channel), ...(target === channel ? [] : [handedOver(channel, target)])];
    for (const [age, mostByAge] of ages) {
      const session = proven({ evidence: [evidence({ channel, method })], presences });
      const { aal, ial, attested } = assuranceOf(session, target, NOW + age);
      const level = Math.min(best[method][channel] ?? 0, carries[channel][target] ?? 0, mostByAge);
      expect({ age, aal, ial, attested }).toEqual({
        age,
        aal: level,
        ial: isCounted && method === 'attested-proofing' && age < 365 * DAY ? 2 : 0,
        attested: isCounted && machineMethods.includes(method),
      });
    }
  });

  test.for(rows.filter(([channel, , target]) => channel !== target))(
    '%s × %s → %s, by the code alone: AAL 1 at the most',
    ([channel, method, target]) => {
      const session = proven({
        evidence: [evidence({ channel, method })],
        presences: [opened(channel), handedOver(channel, target, { boundBy: 'code' })],
      });
      const level = Math.min(best[method][channel] ?? 0, carries[channel][target] ?? 0, 1);
      expect(assuranceOf(session, target, NOW).aal).toBe(level);
    },
  );

  test.for(rows.filter(([channel, , target]) => channel !== target))(
    '%s × %s → %s, without a handoff: nothing',
    ([channel, method, target]) => {
      const session = proven({ evidence: [evidence({ channel, method })], presences: [opened(channel)] });
      expect(assuranceOf(session, target, NOW)).toMatchObject(nothingProven);
    },
  );
});

describe('a handoff', () => {
  const passkey = evidence({ method: 'passkey' });

  test('carries what was there by then, and nothing that came later', () => {
    const at = (recordedAtEpochSeconds: number) =>
      assuranceOf(
        proven({
          evidence: [{ ...passkey, recordedAtEpochSeconds }],
          presences: [opened('web'), handedOver('web', 'desktop', { at: NOW + 60 })],
        }),
        'desktop',
        NOW + 120,
      ).aal;
    expect([at(NOW + 60), at(NOW + 61)]).toEqual([2, 0]);
  });

  test('carries no more than the one before it did', () => {
    const session = proven({
      evidence: [passkey],
      presences: [opened('web'), handedOver('web', 'voice'), handedOver('voice', 'desktop')],
    });
    expect(assuranceOf(session, 'desktop', NOW).aal).toBe(1);
  });

  test('from a channel where the session never was carries nothing', () => {
    const session = proven({
      evidence: [passkey],
      presences: [opened('web'), handedOver('voice', 'desktop')],
    });
    expect(assuranceOf(session, 'desktop', NOW).aal).toBe(0);
  });

  test('to where it came from by a code gives no more than the code, of all that was proven there before', () => {
    const session = proven({
      evidence: [passkey],
      presences: [
        opened('web'),
        handedOver('web', 'desktop', { boundBy: 'code', at: NOW + 1 }),
        handedOver('desktop', 'web', { boundBy: 'code', at: NOW + 2 }),
      ],
    });
    expect(assuranceOf(session, 'web', NOW + 3).aal).toBe(1);
  });

  test('made by whoever came back so carries no more than they have', () => {
    const session = proven({
      evidence: [passkey],
      presences: [
        opened('web'),
        handedOver('web', 'voice', { boundBy: 'code', at: NOW + 1 }),
        handedOver('voice', 'web', { boundBy: 'code', at: NOW + 2 }),
        handedOver('web', 'desktop', { boundBy: 'key', at: NOW + 3 }),
      ],
    });
    expect(assuranceOf(session, 'desktop', NOW + 4).aal).toBe(1);
  });

  test.for<[string, number, string[] | undefined, number]>([
    ['in the second after it', 11, undefined, 3],
    ['in its own second, which may be before it', 10, undefined, 0],
    ['in its own second by whoever came', 10, [], 3],
    ['after it, beside somebody else', 11, ['sam'], 0],
  ])('counts in full what is proven there by whoever came: %s', ([, seconds, givenBeside, aal]) => {
    const session = proven({
      evidence: [{ ...passkey, channel: 'desktop', givenBeside, recordedAtEpochSeconds: NOW + seconds }],
      presences: [opened('web'), handedOver('web', 'desktop', { boundBy: 'code', at: NOW + 10 })],
    });
    expect(assuranceOf(session, 'desktop', NOW + 11).aal).toBe(aal);
  });

  test('to somebody who acts there does not give them what its principal proves there later', () => {
    const stepUp = { ...passkey, id: 'step-up', givenBeside: [], recordedAtEpochSeconds: NOW + 20 };
    const session = proven({
      evidence: [evidence({ amr: ['pwd'] }), stepUp],
      presences: [
        opened('web'),
        handedOver('web', 'desktop', { boundBy: 'code', at: NOW + 1, actors: ['sam'] }),
        handedOver('desktop', 'web', { boundBy: 'code', at: NOW + 2, actors: ['sam'] }),
      ],
    });
    const levels = [opened('web'), opened('web', 'sam')].map(
      (place) => assuranceOf(session, place, NOW + 30).aal,
    );
    expect(levels).toEqual([3, 1]);
  });

  test('to somebody who acts there leaves the others there as they are', () => {
    const session = proven({
      evidence: [passkey],
      presences: [
        opened('web'),
        handedOver('web', 'voice', { boundBy: 'code', at: NOW + 1 }),
        handedOver('voice', 'web', { boundBy: 'code', at: NOW + 2, actors: ['sam'] }),
      ],
    });
    const [own, theirs] = [opened('web'), opened('web', 'sam')].map(
      (place) => assuranceOf(session, place, NOW + 3).aal,
    );
    expect([own, theirs]).toEqual([3, 1]);
  });

  test('a hundred of them to and fro are soon followed', () => {
    const presences = Array.from({ length: 100 }, (_, index) =>
      index === 0
        ? opened('web')
        : handedOver(index % 2 === 0 ? 'desktop' : 'web', index % 2 === 0 ? 'web' : 'desktop', {
            at: NOW + index,
          }),
    );
    const startedAt = performance.now();
    expect(assuranceOf(proven({ evidence: [passkey], presences }), 'web', NOW + 200).aal).toBe(2);
    expect(performance.now() - startedAt).toBeLessThan(200);
  });
});

describe('whose it is', () => {
  test('counts: what somebody else in the session has proven gives its principal nothing', () => {
    const theirs = (['oidc', 'passkey', 'otp', 'push'] as const).map((method) =>
      evidence({ id: method, method, of: 'triage-bot' }),
    );
    expect(onTheWeb(...theirs)).toMatchObject({ ...nothingProven, evidence: [] });
  });

  test('a machine has no level, whatever it shows', () => {
    const session = proven({
      principal: { kind: 'workload', id: 'dana' },
      evidence: [evidence({ method: 'passkey' })],
    });
    expect(assuranceOf(session, 'web', NOW).aal).toBe(0);
  });

  test('a machine is attested by its issuer, with what that says of it last', () => {
    const [first, second] = [
      evidence({ channel: 'machine', method: 'workload-token', posture: { ref: 'old' } }),
      evidence({ channel: 'machine', method: 'workload-token', posture: { ref: 'main' } }),
    ];
    const session = proven({
      principal: { kind: 'workload', id: 'dana' },
      presences: [opened('machine')],
      evidence: [second, { ...first, observedAtEpochSeconds: NOW - 1 }],
    });
    expect(assuranceOf(session, 'machine', NOW)).toMatchObject({ attested: true, posture: { ref: 'main' } });
  });
});

describe('a signal', () => {
  const signal = (level: RiskSignal['level'], over: Partial<RiskSignal> = {}): RiskSignal => ({
    id: `signal-${level}`,
    channel: 'voice',
    kind: 'voiceprint-mismatch',
    level,
    source: 'contact-centre',
    observedAtEpochSeconds: NOW,
    ...over,
  });
  const before = evidence({ id: 'before', method: 'passkey', observedAtEpochSeconds: NOW - 60 });
  const at = (all: Evidence[], ...risks: RiskSignal[]) =>
    assuranceOf(proven({ evidence: all, risks }), 'web', NOW + 600);

  test.for<[RiskSignal['level'], number, boolean]>([
    ['low', 3, true],
    ['elevated', 2, true],
    ['high', 1, false],
  ])('of level %s caps at AAL %i, phishing-resistant %j', ([level, aal, phishingResistant]) => {
    expect(at([before], signal(level))).toMatchObject({ aal, phishingResistant, risk: level });
  });

  test('that is worse counts before a milder one, whichever came last', () => {
    expect(at([before], signal('high'), signal('elevated')).risk).toBe('high');
    expect(at([before], signal('elevated'), signal('high')).risk).toBe('high');
  });

  test.for<[string, Partial<Evidence>, string]>([
    ['in the same second', { observedAtEpochSeconds: NOW }, 'high'],
    ['a second later', { observedAtEpochSeconds: NOW + 1 }, 'low'],
    [
      'told later, and given before',
      { observedAtEpochSeconds: NOW - 1, recordedAtEpochSeconds: NOW + 9 },
      'high',
    ],
    ['at AAL 1', { observedAtEpochSeconds: NOW + 1, amr: ['pwd'], phishingResistant: false }, 'high'],
    ['by somebody else', { observedAtEpochSeconds: NOW + 1, of: 'sam' }, 'high'],
    ['in another channel', { observedAtEpochSeconds: NOW + 1, channel: 'desktop' }, 'high'],
  ])('of high risk, and a new authentication %s: %#', ([, over, risk]) => {
    const answer = evidence({ id: 'answer', method: 'passkey', ...over });
    expect(at([before, answer], signal('high')).risk).toBe(risk);
  });

  test('is not answered by a new act and an old one together', () => {
    const password = evidence({ amr: ['pwd'], phishingResistant: false, observedAtEpochSeconds: NOW - 5 });
    const code = evidence({ method: 'otp', observedAtEpochSeconds: NOW + 5 });
    expect(at([password, code], signal('high'))).toMatchObject({ aal: 1, risk: 'high' });
    expect(at([{ ...password, observedAtEpochSeconds: NOW + 4 }, code], signal('high'))).toMatchObject({
      aal: 2,
      risk: 'low',
    });
  });

  test('stands again when its answer is too old', () => {
    const session = proven({
      evidence: [before],
      risks: [signal('high', { observedAtEpochSeconds: NOW - 90 })],
    });
    const risks = [NOW, NOW - 60 + DAY].map((now) => assuranceOf(session, 'web', now).risk);
    expect(risks).toEqual(['low', 'high']);
  });
});

describe('the identity level', () => {
  const proofing = evidence({ id: 'proofing', method: 'attested-proofing', channel: 'in-person' });
  const atTheDesk = (now: number, ...all: Evidence[]) =>
    assuranceOf(proven({ evidence: all, presences: [opened('in-person', 'clerk')] }), 'in-person', now);

  test('is 2 for a year after a proofing, which logs nobody in', () => {
    expect(atTheDesk(NOW + 90, proofing)).toMatchObject({
      ial: 2,
      aal: 0,
      secondsSinceProofing: 90,
      evidence: [],
    });
    expect(atTheDesk(NOW + 365 * DAY - 1, proofing).ial).toBe(2);
    expect(atTheDesk(NOW + 365 * DAY, proofing)).not.toHaveProperty('secondsSinceProofing');
    expect(atTheDesk(NOW + 365 * DAY, proofing).ial).toBe(0);
  });

  test('is counted from the last proofing', () => {
    const earlier = { ...proofing, observedAtEpochSeconds: NOW - DAY };
    expect(atTheDesk(NOW + 5, proofing, earlier).secondsSinceProofing).toBe(5);
  });

  test('is of who was proofed', () => {
    expect(atTheDesk(NOW, { ...proofing, of: 'clerk' }).ial).toBe(0);
  });
});

test('a level has the name that CAEP gives it; none has none', () => {
  expect([acrOf(0), acrOf(1), acrOf(3)]).toEqual([undefined, 'nist-aal1', 'nist-aal3']);
});
