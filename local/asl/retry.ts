import { type Failure, matches } from './failures.ts';

/** One entry of a state's `Retry` (https://states-language.net/spec.html#retrying-after-error). */
export interface Retrier {
  readonly errorEquals: readonly string[];
  readonly intervalSeconds: number;
  readonly backoffRate: number;
  readonly maxAttempts: number;
  readonly maxDelaySeconds: number;
  readonly jitter: boolean;
}

/**
 * The milliseconds to wait before the next attempt, or undefined where no retrier takes the failure or the one
 * that does has used its attempts up. Counts the attempt in `attempts`, which holds one number a retrier.
 */
export function delayBeforeRetry(
  retriers: readonly Retrier[],
  attempts: number[],
  failure: Failure,
  random: () => number,
): number | undefined {
  const index = retriers.findIndex(({ errorEquals }) => matches(errorEquals, failure));
  const retrier = retriers[index];
  if (retrier === undefined) return undefined;
  const made = attempts[index] ?? 0;
  if (made >= retrier.maxAttempts) return undefined;
  attempts[index] = made + 1;
  const longest = Math.min(retrier.intervalSeconds * retrier.backoffRate ** made, retrier.maxDelaySeconds);
  return longest * 1000 * (retrier.jitter ? random() : 1);
}
