import type { TaskState } from './definition.ts';
import type { Frame, TaskWait } from './execution.ts';
import { RuntimeFailure, StateFailure } from './failures.ts';
import { inputDetails, outputDetails } from './history.ts';
import type { Integration, TaskAnswer } from './integrations.ts';
import { exceedsPayloadLimit, isJsonObject, type Json, type JsonObject, textOf } from './json.ts';
import { activeIn, bindingsFor, note, type Run } from './run.ts';
import { tokenFor } from './task-tokens.ts';
import { checkedText, dataLimitExceeded, fail, leave, whileExecuting } from './transitions.ts';

/** A call that the engine is to make; its answer comes back with the same frame and attempt. */
export interface TaskCall {
  readonly frameId: number;
  readonly attempt: number;
  readonly integration: Integration;
  readonly parameters: Json;
}

/** Evaluates the Task's fields and schedules its call: each attempt anew, with a token of its own. */
export async function schedule(run: Run, frame: Frame, state: TaskState): Promise<void> {
  const active = activeIn(frame);
  const { integration, resource } = state;
  const token = integration.waitsForTaskToken
    ? tokenFor(run.execution.arn, frame.id, run.world.uuid())
    : undefined;
  const bindings = bindingsFor(run, frame, {}, token === undefined ? {} : { token });
  const parameters = state.arguments === undefined ? active.input : await state.arguments(bindings);
  const timeout = (await state.timeoutSeconds?.(bindings)) as number | undefined;
  const heartbeat = (await state.heartbeatSeconds?.(bindings)) as number | undefined;
  const text = checkedText(active.name, parameters);
  const missing = missingIn(parameters, integration);
  if (missing.length > 0) {
    const fields = missing.map((name) => `The field "${name}" is required but was missing`).join(', ');
    throw new RuntimeFailure(
      `${whileExecuting(frame)} The Parameters '${text}' could not be used to start the Task: [${fields}]`,
    );
  }

  const timeouts: JsonObject = timeout === undefined ? {} : { timeoutInSeconds: timeout };
  const attempt =
    integration.task === undefined
      ? note(run, frame, 'LambdaFunctionScheduled', 'lambdaFunctionScheduledEventDetails', {
          resource,
          ...inputDetails(text),
          ...timeouts,
        })
      : note(run, frame, 'TaskScheduled', 'taskScheduledEventDetails', {
          ...integration.task,
          region: run.world.region,
          parameters: text,
          ...timeouts,
          ...(heartbeat === undefined ? {} : { heartbeatInSeconds: heartbeat }),
        });
  const now = run.world.now();
  active.waiting = {
    for: 'task',
    attempt,
    parameters,
    call: 'due',
    ...(token === undefined ? {} : { token }),
    ...(timeout === undefined ? {} : { timesOutAt: now + timeout * 1000 }),
    ...(heartbeat === undefined
      ? {}
      : { heartbeatSeconds: heartbeat, heartbeatDueAt: now + heartbeat * 1000 }),
  };
}

/** What an integration cannot do without; a definition's check sees it only where no expression makes the rest. */
function missingIn(parameters: Json, { parameters: names }: Integration): readonly string[] {
  return (names?.required ?? []).filter((name) => !isJsonObject(parameters) || !(name in parameters));
}

/** Takes note that the scheduled call is made now. */
export function start(run: Run, frame: Frame, state: TaskState, waiting: TaskWait): TaskCall {
  noteTask(run, frame, state, 'Started');
  waiting.call = 'made';
  const { attempt, parameters } = waiting;
  return { frameId: frame.id, attempt, integration: state.integration, parameters };
}

/** Takes the call's answer. Where the state waits for its token, a good answer only says that it was submitted. */
export async function answered(
  run: Run,
  { frame, state, waiting }: { frame: Frame; state: TaskState; waiting: TaskWait },
  answer: TaskAnswer,
): Promise<void> {
  if (!answer.ok || !state.integration.waitsForTaskToken) return resolved(run, frame, state, answer);
  waiting.call = 'answered';
  noteTask(run, frame, state, 'Submitted', outputDetails(textOf(answer.output)));
}

/** How an attempt ended. */
export type TaskResult =
  | { readonly ok: true; readonly output: Json }
  | { readonly ok: false; readonly error?: string; readonly cause?: string };

/** Ends the attempt with its result or failure. */
export async function resolved(run: Run, frame: Frame, state: TaskState, result: TaskResult): Promise<void> {
  if (!result.ok) {
    const { ok: _, ...failure } = result;
    return failAttempt(run, frame, state, 'Failed', new StateFailure(failure));
  }
  const text = textOf(result.output);
  if (exceedsPayloadLimit(text)) {
    const name = state.integration.task?.resourceType ?? state.resource;
    return failAttempt(run, frame, state, 'Failed', dataLimitExceeded(name));
  }
  const active = activeIn(frame);
  delete active.waiting;
  active.precedingEventId = noteTask(run, frame, state, 'Succeeded', outputDetails(text));
  try {
    await leave(run, frame, 'Task', state, result.output, { result: result.output });
  } catch (thrown) {
    await fail(run, frame, state, thrown);
  }
}

/**
 * Ends the attempt by its timeout, or for want of a heartbeat. AWS records both as `States.Timeout`, without
 * a cause.
 */
export function timedOut(run: Run, frame: Frame, state: TaskState, heartbeat: boolean): Promise<void> {
  const failure = { error: 'States.Timeout', ...(heartbeat ? { heartbeat } : {}) };
  return failAttempt(run, frame, state, 'TimedOut', new StateFailure(failure));
}

async function failAttempt(
  run: Run,
  frame: Frame,
  state: TaskState,
  event: 'Failed' | 'TimedOut',
  thrown: StateFailure,
): Promise<void> {
  const { error, cause } = thrown.failure;
  delete activeIn(frame).waiting;
  noteTask(run, frame, state, event, {
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
  });
  await fail(run, frame, state, thrown);
}

type TaskEvent = 'Started' | 'Submitted' | 'Succeeded' | 'Failed' | 'TimedOut';

/** An event of the attempt; those of a function's own ARN have other names and details than an integration's. */
function noteTask(
  run: Run,
  frame: Frame,
  { integration }: TaskState,
  event: TaskEvent,
  details?: JsonObject,
): number {
  if (integration.task !== undefined)
    return note(run, frame, `Task${event}`, `task${event}EventDetails`, { ...integration.task, ...details });
  if (details === undefined) return note(run, frame, `LambdaFunction${event}`);
  return note(run, frame, `LambdaFunction${event}`, `lambdaFunction${event}EventDetails`, details);
}
