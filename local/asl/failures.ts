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
 * Errors that no `States.ALL` takes
 * (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html).
 */
const TERMINAL = new Set(['States.DataLimitExceeded', 'States.Runtime']);

/** Whether a Retry or Catch with this `ErrorEquals` takes the failure. */
export function matches(errorEquals: readonly string[], { error, heartbeat }: Failure): boolean {
  return errorEquals.some((name) => {
    if (name === error) return true;
    if (error !== undefined && TERMINAL.has(error)) return false;
    if (name === 'States.ALL') return true;
    if (name === 'States.TaskFailed') return error !== 'States.Timeout';
    return name === 'States.HeartbeatTimeout' && heartbeat === true;
  });
}
