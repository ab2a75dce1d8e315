import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AuthenticatorOf,
  MOST_CONSECUTIVE_FAILURES,
  MOST_RECENT_FAILURES,
  secondsUntilTry,
  withFailure,
  withSuccess,
} from '../../../lambdas/verification/authenticator.ts';
import { stepOfCode, totpUri } from '../../../lambdas/verification/totp.ts';
import { NOW } from '../../support/access-case.ts';

const codes: AuthenticatorOf<'totp'> = {
  kind: 'totp',
  id: 'codes-1',
  principal: 'dana',
  name: 'App',
  status: 'active',
  consecutiveFailures: 0,
  failedAtEpochSeconds: [],
  createdAtEpochSeconds: NOW,
  enrolledBy: { session: 'session-dana', aal: 2, evidence: [] },
  lastStep: 0,
};

describe('failures in a row', () => {
  test('lock with the hundredth, whatever the successes before, and never earlier', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 400 }), (successes) => {
        let one = codes;
        let inARow = 0;
        for (const success of successes) {
          if (one.status === 'locked') break;
          one = success ? withSuccess(one) : withFailure(one, NOW);
          inARow = success ? 0 : inARow + 1;
          expect(one.consecutiveFailures).toBe(inARow);
          expect(one.status).toBe(inARow >= 100 ? 'locked' : 'active');
        }
      }),
    );
  });

  test('are ninety-nine and then a hundred', () => {
    let one = codes;
    for (let failures = 0; failures < MOST_CONSECUTIVE_FAILURES - 1; failures += 1)
      one = withFailure(one, NOW);
    expect(one).toMatchObject({ status: 'active', consecutiveFailures: 99 });
    expect(withSuccess(one)).toMatchObject({ status: 'active', consecutiveFailures: 0 });
    expect(withFailure(one, NOW)).toMatchObject({ status: 'locked', consecutiveFailures: 100 });
  });

  test('count on where the lock is: a success does not lift it', () => {
    let one = codes;
    for (let failures = 0; failures < MOST_CONSECUTIVE_FAILURES; failures += 1) one = withFailure(one, NOW);
    expect(withSuccess(one).status).toBe('locked');
  });
});

test('within any five minutes at most five failures are let through', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 6, maxLength: 60 }), (pauses) => {
      let now = NOW;
      let one = codes;
      const failed: number[] = [];
      for (const pause of pauses) {
        now += pause;
        if (secondsUntilTry(one, now) > 0) continue;
        one = withFailure(one, now);
        failed.push(now);
      }
      for (const since of failed) {
        const within = failed.filter((at) => at >= since && at < since + 300);
        expect(within.length).toBeLessThanOrEqual(MOST_RECENT_FAILURES);
      }
    }),
  );
});

test('the wait after five failures ends five minutes after the first of them', () => {
  let one = codes;
  for (const at of [0, 10, 20, 30, 40]) one = withFailure(one, NOW + at);
  expect(secondsUntilTry(one, NOW + 40)).toBe(260);
  expect(secondsUntilTry(one, NOW + 299)).toBe(1);
  expect(secondsUntilTry(one, NOW + 300)).toBe(0);
});

describe('one-time codes', () => {
  const seed = Buffer.from('12345678901234567890');

  // RFC 6238, appendix B, SHA1: the last six of its eight digits.
  test.for<[number, string]>([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('at %i the code is %s', ([at, code]) => {
    expect(stepOfCode(seed, code, at)).toBe(Math.floor(at / 30));
  });

  // The code of 1234567890 (step 41152263), shown at another time.
  test.for<[number, number | undefined]>([
    [-31, undefined],
    [-30, 41152263],
    [29, 41152263],
    [59, 41152263],
    [60, undefined],
  ])('a code that is shown %i seconds after its step has begun is of step %s', ([after, step]) => {
    expect(stepOfCode(seed, '005924', 41152263 * 30 + after)).toBe(step);
  });

  test('what an app scans is the secret and the form of its codes', () => {
    const uri = new URL(totpUri(seed, 'Example', 'dana'));
    expect(uri.protocol).toBe('otpauth:');
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      issuer: 'Example',
      secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
  });
});
