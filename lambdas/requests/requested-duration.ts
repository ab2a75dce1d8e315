import type { Target } from '../platform/deployment.ts';
import { durationSeconds, formatDuration } from '../platform/duration.ts';
import { invalidRequest } from '../platform/problem.ts';

/** @throws Problem 400 where the target grants nothing for so long */
export function requireGrantable(seconds: number, { id, maximumDuration }: Target): number {
  if (seconds > (durationSeconds(maximumDuration) ?? 0)) {
    throw invalidRequest(
      `Target ${id} grants at most ${maximumDuration}; asked for: ${formatDuration(seconds)}.`,
    );
  }
  return seconds;
}
