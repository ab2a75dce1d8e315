/** The present, for steps. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowEpochMilliseconds(): number;
}
