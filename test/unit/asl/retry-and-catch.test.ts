import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matches } from '../../../local/asl/failures.ts';
import { delayBeforeRetry } from '../../../local/asl/retry.ts';

describe('Retry', () => {
  const retriers = fc.record({
    errorEquals: fc.constant(['E']),
    intervalSeconds: fc.integer({ min: 1, max: 99_999_999 }),
    backoffRate: fc.double({ min: 1, max: 100, noNaN: true }),
    maxAttempts: fc.integer({ min: 10, max: 20 }),
    maxDelaySeconds: fc.integer({ min: 1, max: 31_622_399 }),
  });
  const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('draws its delay evenly from nothing to the full one where the jitter is FULL', () => {
    fc.assert(
      fc.property(retriers, fc.nat(9), chances, (retrier, made, chance) => {
        const delay = (jitter: boolean) =>
          delayBeforeRetry([{ ...retrier, jitter }], [made], { error: 'E' }, () => chance) ?? -1;
        expect(delay(true)).toBeGreaterThanOrEqual(0);
        expect(delay(true)).toBeLessThanOrEqual(delay(false));
        expect(delay(true)).toBeCloseTo(delay(false) * chance, 6);
      }),
      { seed: 1 },
    );
  });

  it('waits without jitter no less than before, and never longer than MaxDelaySeconds', () => {
    fc.assert(
      fc.property(retriers, chances, (retrier, chance) => {
        const attempts = [0];
        const delays = Array.from({ length: 10 }, () =>
          Number(delayBeforeRetry([{ ...retrier, jitter: false }], attempts, { error: 'E' }, () => chance)),
        );
        expect(delays[0]).toBe(Math.min(retrier.intervalSeconds, retrier.maxDelaySeconds) * 1000);
        expect(delays).toEqual(delays.toSorted((one, other) => one - other));
        expect(Math.max(...delays)).toBeLessThanOrEqual(retrier.maxDelaySeconds * 1000);
        expect(attempts).toEqual([10]);
      }),
      { seed: 1 },
    );
  });
});

describe('ErrorEquals', () => {
  it.each([
    [['E'], { error: 'E' }, true],
    [['E'], { error: 'F' }, false],
    [['States.ALL'], { error: 'F' }, true],
    [['States.ALL'], {}, true],
    [['States.ALL'], { error: 'States.Runtime' }, false],
    [['States.ALL'], { error: 'States.DataLimitExceeded' }, true],
    [['States.TaskFailed'], { error: 'F' }, true],
    [['States.TaskFailed'], { error: 'States.Timeout' }, false],
    [['States.Timeout'], { error: 'States.Timeout', heartbeat: true }, true],
    [['States.HeartbeatTimeout'], { error: 'States.Timeout', heartbeat: true }, true],
    [['States.HeartbeatTimeout'], { error: 'States.Timeout' }, false],
  ])('%j, for %j: %s', (errorEquals, failure, expected) => {
    expect(matches(errorEquals, failure)).toBe(expected);
  });
});
