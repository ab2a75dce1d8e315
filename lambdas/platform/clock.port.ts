/** The present, for steps. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowEpochMilliseconds(): number;
}

/** The present in whole epoch seconds, the unit of tokens and of stored times. */
export function epochSeconds(clock: Clock): number {
  return Math.floor(clock.nowEpochMilliseconds() / 1000);
}
