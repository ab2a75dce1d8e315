import type { Catcher, ErrorHandling, Exit, State } from './definition.ts';
import type { Execution, ExecutionStatus, Frame } from './execution.ts';
import { EvaluationError } from './expressions.ts';
import { type Failure, matches, StateFailure } from './failures.ts';
import { inputDetails, outputDetails, recordAfter } from './history.ts';
import { exceedsPayloadLimit, type Json, type JsonObject, textOf } from './json.ts';
import { delayBeforeRetry } from './retry.ts';
import { activeIn, bindingsFor, type Facts, note, type Run } from './run.ts';
import { keepAssigned } from './variables.ts';

/** Enters the state that is next. The caller then performs it. */
export function enter(
  run: Run,
  frame: Frame,
  state: State,
  { name, input }: { name: string; input: Json },
): void {
  const precedingEventId = frame.previousEventId;
  const enteredEventId = note(run, frame, `${state.type}StateEntered`, 'stateEnteredEventDetails', {
    name,
    ...inputDetails(textOf(input)),
  });
  const attempts = 'retry' in state ? state.retry.map(() => 0) : [];
  const enteredAt = run.world.now();
  frame.active = { name, input, enteredAt, enteredEventId, precedingEventId, retries: 0, attempts };
  delete frame.next;
}

/**
 * Leaves the frame's state with its Assign and Output evaluated; both see the variables as they were on entry.
 * Without an Output the state's output is `otherwise`.
 */
export async function leave(
  run: Run,
  frame: Frame,
  type: State['type'],
  exit: Exit,
  otherwise: Json,
  facts: Facts = {},
): Promise<void> {
  const active = activeIn(frame);
  const { assign, output: template } = exit;
  const bindings = assign === undefined && template === undefined ? {} : bindingsFor(run, frame, facts);
  const assigned = assign === undefined ? undefined : ((await assign(bindings)) as JsonObject);
  let output = otherwise;
  if (template !== undefined) {
    const value = template(bindings);
    output = value instanceof Promise ? await value : value;
  }
  const text = checkedText(active.name, output);
  const details: JsonObject = { name: active.name, ...outputDetails(text) };
  if (assigned !== undefined) {
    const texts = Object.entries(assigned).map(([name, value]) => [name, textOf(value)] as const);
    if (!keepAssigned(run.execution, frame, assigned, texts)) throw dataLimitExceeded(active.name);
    details['assignedVariables'] = Object.fromEntries(texts);
    details['assignedVariablesDetails'] = { truncated: false };
  }
  note(run, frame, `${type}StateExited`, 'stateExitedEventDetails', details);
  delete frame.active;
  if (exit.next === undefined) frame.ended = { output };
  else frame.next = { name: exit.next, input: output };
}

/**
 * Takes what a state's work threw: the state is retried, or left by a Catch, or ends its frame in failure
 * (https://states-language.net/spec.html#errors). Gives the failure; anything else is thrown on.
 */
export async function fail(run: Run, frame: Frame, state: State, thrown: unknown): Promise<Failure> {
  const failure = failureOf(run, frame, thrown);
  if (!('retry' in state)) {
    frame.ended = { failure };
    return failure;
  }
  const active = activeIn(frame);
  const delay = delayBeforeRetry(state.retry, active.attempts, failure, run.world.random);
  if (delay !== undefined) {
    active.waiting = { for: 'retry', until: Math.round(run.world.now() + delay) };
    return failure;
  }
  delete active.waiting;
  active.precedingEventId = frame.previousEventId;
  noteStateFailed(run, frame, state);
  const catcher = state.catch.find(({ errorEquals }) => matches(errorEquals, failure));
  if (catcher === undefined) frame.ended = { failure };
  else await leaveByCatch(run, frame, state, catcher, failure);
  return failure;
}

async function leaveByCatch(
  run: Run,
  frame: Frame,
  state: State & ErrorHandling,
  catcher: Catcher,
  failure: Failure,
): Promise<void> {
  const errorOutput: JsonObject = { Error: failure.error ?? '', Cause: failure.cause ?? '' };
  try {
    await leave(run, frame, state.type, catcher, errorOutput, { errorOutput });
  } catch (thrown) {
    frame.ended = { failure: failureOf(run, frame, thrown) };
    noteStateFailed(run, frame, state);
  }
}

/** A Task's failure is told by the events of its attempts. */
function noteStateFailed(run: Run, frame: Frame, { type }: State): void {
  if (type !== 'Task') note(run, frame, `${type}StateFailed`);
}

function failureOf(run: Run, frame: Frame, thrown: unknown): Failure {
  if (thrown instanceof EvaluationError) return noteEvaluation(run, frame, thrown);
  if (thrown instanceof StateFailure) return thrown.failure;
  throw thrown;
}

function noteEvaluation(run: Run, frame: Frame, { message, location }: EvaluationError): Failure {
  const active = activeIn(frame);
  const error = 'States.QueryEvaluationError';
  const cause = `${whileExecuting(frame)} ${message}`;
  frame.previousEventId = active.precedingEventId;
  note(run, frame, 'EvaluationFailed', 'evaluationFailedEventDetails', {
    error,
    cause,
    state: active.name,
    ...(location === undefined ? {} : { location }),
  });
  return { error, cause };
}

export function whileExecuting(frame: Frame): string {
  const { name, enteredEventId } = activeIn(frame);
  return `An error occurred while executing the state '${name}' (entered at the event id #${enteredEventId}).`;
}

/** The text of what a state hands on, or starts something with. Throws where that is too large. */
export function checkedText(name: string, value: Json): string {
  const text = textOf(value);
  if (exceedsPayloadLimit(text)) throw dataLimitExceeded(name);
  return text;
}

export function dataLimitExceeded(name: string): StateFailure {
  return new StateFailure({
    error: 'States.DataLimitExceeded',
    cause: `The state/task '${name}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  });
}

const ENDS = {
  SUCCEEDED: ['ExecutionSucceeded', 'executionSucceededEventDetails'],
  FAILED: ['ExecutionFailed', 'executionFailedEventDetails'],
  TIMED_OUT: ['ExecutionTimedOut', 'executionTimedOutEventDetails'],
  ABORTED: ['ExecutionAborted', 'executionAbortedEventDetails'],
} as const;

/** Ends the execution, and with it all that it waits for. */
export function endExecution(
  execution: Execution,
  now: number,
  status: Exclude<ExecutionStatus, 'RUNNING'>,
  outcome: { previousEventId: number; output?: Json; failure?: Failure },
): void {
  const [type, detailsName] = ENDS[status];
  const { error, cause } = outcome.failure ?? {};
  const output = outcome.output === undefined ? undefined : textOf(outcome.output);
  const failure = { ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
  // Only the history tells that an execution has timed out by an error; DescribeExecution has none.
  const told = status === 'TIMED_OUT' ? { error: 'States.Timeout' } : failure;
  const details = output === undefined ? told : outputDetails(output);
  recordAfter(execution, outcome.previousEventId, now, type, detailsName, details);
  Object.assign(execution, {
    status,
    stoppedAt: now,
    ...failure,
    ...(output === undefined ? {} : { output }),
  });
  for (const id of Object.keys(execution.frames)) delete execution.frames[Number(id)];
}
