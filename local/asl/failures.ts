/** What ends a state unless a Retry or a Catch takes it. Plain data: it is kept with the execution. */
export interface Failure {
  readonly error?: string;
  readonly cause?: string;
  /** Set where no heartbeat came in time: the error is `States.Timeout` to the history, and both to `ErrorEquals`. */
  readonly heartbeat?: boolean;
}

/** Thrown by a state that fails. */
export class StateFailure extends Error {
  override readonly name = 'StateFailure';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.cause);
    this.failure = failure;
  }
}

/**
 * Thrown where AWS reports `States.Runtime`: the whole execution fails at once. No Retry or Catch takes it, and
 * no state around records a failure of its own.
 */
export class RuntimeFailure extends Error {
  override readonly name = 'RuntimeFailure';
}

/**
 * Whether a Retry or Catch with this `ErrorEquals` takes the failure
 * (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html). That page says that
 * `States.ALL` does not take `States.DataLimitExceeded`; recordings of AWS show that it does.
 */
export function matches(errorEquals: readonly string[], { error, heartbeat }: Failure): boolean {
  return errorEquals.some((name) => {
    if (name === error) return true;
    if (error === 'States.Runtime') return false;
    if (name === 'States.ALL') return true;
    if (name === 'States.TaskFailed') return error !== 'States.Timeout';
    return name === 'States.HeartbeatTimeout' && heartbeat === true;
  });
}
