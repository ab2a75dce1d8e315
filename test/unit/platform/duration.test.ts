import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Duration, durationSeconds, formatDuration, timestamp } from '../../../lambdas/platform/duration.ts';

fc.configureGlobal({ seed: 20260105 });

/** The longest time whose hours a duration has room for: more than the longest that is written in days. */
const LONGEST_SECONDS = 99_999 * 3600 + 3599;

test.for<[string, number | undefined]>([
  ['PT20M', 1200],
  ['PT8H', 28_800],
  ['PT90S', 90],
  ['P1D', 86_400],
  ['P1DT1H1M1S', 90_061],
  ['PT0S', undefined],
  ['P0D', undefined],
  ['P', undefined],
  ['PT', undefined],
  ['P1DT', undefined],
  ['', undefined],
  ['20M', undefined],
  ['PT-5M', undefined],
  ['-PT5M', undefined],
  ['PT1.5H', undefined],
  ['P1W', undefined],
  ['P1M', undefined],
  ['P1Y', undefined],
  ['PT1M1H', undefined],
  ['pt5m', undefined],
  [' PT5M', undefined],
  ['PT5M\n', undefined],
  ['PT٥M', undefined],
  ['PT99999999999999999999S', undefined],
])('%j is %s seconds', ([text, seconds]) => {
  expect(durationSeconds(text)).toBe(seconds);
});

describe('whatever the time', () => {
  test('its text is read back as the same time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: LONGEST_SECONDS }), (seconds) => {
        expect(durationSeconds(formatDuration(seconds))).toBe(seconds);
      }),
    );
  });

  test('its text is the only one that is written for it', () => {
    fc.assert(
      fc.property(fc.nat(99_999), fc.nat(59), fc.nat(59), (hours, minutes, seconds) => {
        fc.pre(hours + minutes + seconds > 0);
        const text = `PT${hours}H${minutes}M${seconds}S`;
        const written = formatDuration(durationSeconds(text) ?? 0);
        expect(written).toBe(text.replaceAll(/(?<!\d)0[HMS]/g, ''));
      }),
    );
  });
});

test('the longest time in days is read back from its hours', () => {
  expect(durationSeconds(formatDuration(durationSeconds('P999D') ?? 0))).toBe(999 * 24 * 3600);
});

test('no time is a duration of zero seconds', () => {
  expect(formatDuration(0)).toBe('PT0S');
});

test('what a request gives is a duration or is refused with an example', () => {
  expect(Duration.safeParse('forever').error?.issues[0]?.message).toContain('PT20M');
});

test('a timestamp is in UTC, to the millisecond', () => {
  expect(timestamp(Date.UTC(2026, 0, 5, 9, 8, 7, 6))).toBe('2026-01-05T09:08:07.006Z');
});
