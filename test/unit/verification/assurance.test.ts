import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Channel, Channel as Channels } from '../../../lambdas/platform/channel.ts';
import { acrOf, assuranceOf, type Evidence } from '../../../lambdas/verification/assurance.ts';
import { HOUR, NOW } from '../../support/access-case.ts';

fc.configureGlobal({ seed: 20260105 });

const DAY = 24 * HOUR;

function evidence(over: Partial<Evidence> = {}): Evidence {
  return {
    id: 'evidence-1',
    channel: 'web',
    method: 'oidc',
    issuer: 'https://issuer.example',
    amr: ['pwd'],
    observedAtEpochSeconds: NOW,
    expiresAtEpochSeconds: NOW + 30 * DAY,
    ...over,
  };
}

const aalOf = (amr: string[], age = 0) => assuranceOf([evidence({ amr })], 'web', NOW + age).aal;

describe('the level of methods', () => {
  test.for<[string[], number]>([
    [[], 1],
    [['pwd'], 1],
    [['otp'], 1],
    [['hwk'], 1],
    [['pwd', 'pin'], 1],
    [['face', 'fpt'], 1],
    [['hwk', 'swk'], 1],
    [['kba'], 1],
    [['kba', 'pwd'], 1],
    [['vbm', 'pwd'], 1],
    [['sms', 'pwd'], 1],
    [['constructor', 'pwd'], 1],
    [['__proto__', 'toString'], 1],
    [['pwd', 'otp'], 2],
    [['mfa'], 2],
    [['mfa', 'hwk'], 2],
    [['swk', 'fpt'], 2],
    [['sc', 'pin'], 2],
    [['hwk', 'pin'], 3],
    [['hwk', 'fpt', 'mfa'], 3],
  ])('%j is AAL %i', ([amr, aal]) => {
    expect(aalOf(amr)).toBe(aal);
  });
});

describe('the age of a level', () => {
  test.for<[string[], number, number]>([
    [['hwk', 'pin'], 12 * HOUR - 1, 3],
    [['hwk', 'pin'], 12 * HOUR, 2],
    [['hwk', 'pin'], 24 * HOUR, 1],
    [['pwd', 'otp'], 24 * HOUR - 1, 2],
    [['pwd', 'otp'], 24 * HOUR, 1],
    [['pwd'], 30 * DAY - 1, 1],
    [['pwd'], 30 * DAY, 0],
  ])('%j, %i seconds after: AAL %i', ([amr, age, aal]) => {
    expect(aalOf(amr, age)).toBe(aal);
  });
});

test('a machine’s token attests it and gives no level, whatever methods it names', () => {
  const token = evidence({ method: 'workload-token', amr: ['hwk', 'pin'], channel: 'machine' });
  expect(assuranceOf([token], 'machine', NOW)).toMatchObject({ aal: 0, attested: true });
});

test('a machine’s token attests it beside evidence of a higher level, too', () => {
  const token = evidence({ method: 'workload-token', channel: 'machine' });
  expect(assuranceOf([evidence({ channel: 'machine' }), token], 'machine', NOW).attested).toBe(true);
});

test('a level rests on the newest evidence that gives it', () => {
  const older = evidence({ id: 'older', amr: ['pwd', 'otp'], observedAtEpochSeconds: NOW - 60 });
  const newer = evidence({ id: 'newer', amr: ['pwd', 'otp'] });
  const weak = evidence({ id: 'weak', amr: ['pwd'] });
  expect(assuranceOf([older, weak, newer], 'web', NOW)).toEqual({
    aal: 2,
    attested: false,
    authTimeEpochSeconds: NOW,
    amr: ['pwd', 'otp'],
    evidence: ['newer'],
  });
});

test('evidence does not count before it was observed, nor from its expiry on', () => {
  const one = evidence({ expiresAtEpochSeconds: NOW + 60 });
  const levels = [NOW - 1, NOW, NOW + 59, NOW + 60].map((now) => assuranceOf([one], 'web', now).aal);
  expect(levels).toEqual([0, 1, 1, 0]);
});

test('a level has the name that CAEP gives it; none has none', () => {
  expect([acrOf(0), acrOf(1), acrOf(3)]).toEqual([undefined, 'nist-aal1', 'nist-aal3']);
});

const channels = fc.constantFrom<Channel>(...Channels.options);
const anyEvidence = fc.array(
  fc
    .record({
      id: fc.uuid(),
      channel: channels,
      method: fc.constantFrom<Evidence['method']>('oidc', 'workload-token'),
      amr: fc.subarray(['pwd', 'pin', 'otp', 'hwk', 'swk', 'fpt', 'mfa', 'kba']),
      age: fc.integer({ min: 0, max: 40 * DAY }),
      life: fc.integer({ min: 0, max: 40 * DAY }),
    })
    .map(({ age, life, ...rest }) =>
      evidence({ ...rest, observedAtEpochSeconds: NOW - age, expiresAtEpochSeconds: NOW - age + life }),
    ),
  { maxLength: 8 },
);

describe('whatever the evidence', () => {
  test('taking some away never raises the level, nor does it attest', () => {
    fc.assert(
      fc.property(
        anyEvidence.chain((all) => fc.tuple(fc.constant(all), fc.subarray(all))),
        channels,
        ([all, some], channel) => {
          const [less, most] = [assuranceOf(some, channel, NOW), assuranceOf(all, channel, NOW)];
          expect(less.aal).toBeLessThanOrEqual(most.aal);
          expect(less.attested && !most.attested).toBe(false);
        },
      ),
    );
  });

  test('time never raises the level', () => {
    fc.assert(
      fc.property(anyEvidence, channels, fc.nat(40 * DAY), (all, channel, passed) => {
        const later = assuranceOf(all, channel, NOW + passed);
        expect(later.aal).toBeLessThanOrEqual(assuranceOf(all, channel, NOW).aal);
      }),
    );
  });

  test('a channel without evidence of its own proves nothing', () => {
    fc.assert(
      fc.property(anyEvidence, channels, (all, channel) => {
        const elsewhere = all.filter((one) => one.channel !== channel);
        expect(assuranceOf(elsewhere, channel, NOW)).toEqual({
          aal: 0,
          attested: false,
          authTimeEpochSeconds: undefined,
          amr: [],
          evidence: [],
        });
      }),
    );
  });

  test('the order in which it came does not matter to the level', () => {
    fc.assert(
      fc.property(anyEvidence, channels, (all, channel) => {
        expect(assuranceOf(all.toReversed(), channel, NOW).aal).toBe(assuranceOf(all, channel, NOW).aal);
      }),
    );
  });
});
