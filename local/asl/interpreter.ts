import { childEnded, startMap, startParallel } from './children.ts';
import type { ChoiceState, FailState, State, TaskState, WaitState } from './definition.ts';
import type { Execution, Frame, Waiting } from './execution.ts';
import { EvaluationError } from './expressions.ts';
import { type Failure, RuntimeFailure, StateFailure } from './failures.ts';
import type { TaskAnswer } from './integrations.ts';
import { activeIn, bindingsFor, frameOf, type Run, stateOf } from './run.ts';
import { answered, resolved, schedule, start, type TaskCall, type TaskResult, timedOut } from './tasks.ts';
import { epochMillisecondsOf } from './timestamps.ts';
import { endExecution, enter, fail, leave, whileExecuting } from './transitions.ts';

/** What can move an execution on. */
export type Event =
  /** The execution is taken up: at its start, or where a process before this one left it. */
  | { readonly type: 'resume' }
  /** Some deadline has passed. */
  | { readonly type: 'time' }
  | {
      readonly type: 'answer';
      readonly frameId: number;
      readonly attempt: number;
      readonly answer: TaskAnswer;
    }
  | {
      readonly type: 'token';
      readonly frameId: number;
      readonly token: string;
      readonly message: TaskResult | 'heartbeat';
    }
  | { readonly type: 'stop'; readonly failure: Failure };

export interface Advance {
  /** Whether the event was for something that the execution still waits for. */
  readonly accepted: boolean;
  /** The calls to make now. */
  readonly calls: readonly TaskCall[];
}

/** Lets an event move the execution on, until all that is left of it waits or it has ended. */
export async function advance(run: Run, event: Event): Promise<Advance> {
  const { execution, world } = run;
  if (execution.status !== 'RUNNING') return { accepted: false, calls: [] };
  try {
    const accepted = await take(run, event);
    for (let frame = run.ready.shift(); frame !== undefined; frame = run.ready.shift())
      await walk(run, frame);
    return { accepted, calls: callsOf(run) };
  } catch (thrown) {
    run.ready.length = 0;
    const previousEventId = execution.history.length;
    const failure = { error: 'States.Runtime', cause: reasonOf(thrown) };
    endExecution(execution, world.now(), 'FAILED', { previousEventId, failure });
    return { accepted: true, calls: [] };
  }
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof RuntimeFailure ? thrown.message : `The interpreter failed: ${String(thrown)}`;
}

async function take(run: Run, event: Event): Promise<boolean> {
  const { execution, world } = run;
  switch (event.type) {
    case 'resume':
      run.ready.push(...Object.values(execution.frames));
      recallUnanswered(run);
      return true;
    case 'stop':
      endExecution(execution, world.now(), 'ABORTED', { previousEventId: 0, failure: event.failure });
      return true;
    case 'time':
      await takeDeadlines(run);
      return true;
    case 'answer': {
      const task = taskIn(run, event.frameId);
      if (task?.waiting.attempt !== event.attempt) return false;
      await answered(run, task, event.answer);
      run.ready.push(task.frame);
      return true;
    }
    case 'token': {
      const task = taskIn(run, event.frameId);
      if (task?.waiting.token !== event.token) return false;
      const { frame, state, waiting } = task;
      if (event.message !== 'heartbeat') await resolved(run, frame, state, event.message);
      else if (waiting.heartbeatSeconds !== undefined)
        waiting.heartbeatDueAt = world.now() + waiting.heartbeatSeconds * 1000;
      run.ready.push(frame);
      return true;
    }
  }
}

function taskIn(run: Run, frameId: number) {
  const frame = run.execution.frames[frameId];
  const waiting = frame?.active?.waiting;
  if (frame?.active === undefined || waiting?.for !== 'task') return undefined;
  return { frame, waiting, state: stateOf(run, frame, frame.active.name) as TaskState };
}

/** When the execution has to be looked at next, in milliseconds since the epoch; Infinity where never. */
export function nextDeadline(execution: Execution): number {
  const deadlines = Object.values(execution.frames).map(({ active }) => deadlineOf(active?.waiting));
  return Math.min(execution.deadline ?? Infinity, ...deadlines);
}

function deadlineOf(waiting: Waiting | undefined): number {
  if (waiting === undefined || waiting.for === 'children') return Infinity;
  if (waiting.for === 'task')
    return Math.min(waiting.timesOutAt ?? Infinity, waiting.heartbeatDueAt ?? Infinity);
  return waiting.until;
}

/** Takes all that is due, the earliest first. */
async function takeDeadlines(run: Run): Promise<void> {
  const { execution, world } = run;
  const now = world.now();
  if ((execution.deadline ?? Infinity) <= now)
    return endExecution(execution, now, 'TIMED_OUT', { previousEventId: 0 });
  const due = Object.values(execution.frames)
    .map((frame) => ({ frame, at: deadlineOf(frame.active?.waiting) }))
    .filter(({ at }) => at <= now)
    .sort((one, other) => one.at - other.at);
  for (const { frame } of due) {
    await takeDeadline(run, frame, now);
    run.ready.push(frame);
  }
}

async function takeDeadline(run: Run, frame: Frame, now: number): Promise<void> {
  const active = activeIn(frame);
  const state = stateOf(run, frame, active.name);
  const { waiting } = active;
  delete active.waiting;
  if (waiting?.for === 'task') {
    await timedOut(run, frame, state as TaskState, (waiting.timesOutAt ?? Infinity) > now);
  } else if (waiting?.for === 'retry') {
    active.retries += 1;
    active.precedingEventId = frame.previousEventId;
    await perform(run, frame, state);
  } else {
    await attempt(run, frame, state, () => leave(run, frame, 'Wait', state as WaitState, active.input));
  }
}

/** Goes on with a frame until it waits or has ended. */
async function walk(run: Run, frame: Frame): Promise<void> {
  if (run.execution.frames[frame.id] !== frame) return;
  while (frame.next !== undefined) {
    const { next } = frame;
    const state = stateOf(run, frame, next.name);
    enter(run, frame, state, next);
    await perform(run, frame, state);
  }
  if (frame.ended === undefined) return;
  if (frame.parentId !== undefined) {
    const parent = frameOf(run, frame.parentId);
    await childEnded(run, parent, frame);
    run.ready.push(parent);
    return;
  }
  const { previousEventId } = frame;
  if ('output' in frame.ended)
    endExecution(run.execution, run.world.now(), 'SUCCEEDED', {
      previousEventId,
      output: frame.ended.output,
    });
  else
    endExecution(run.execution, run.world.now(), 'FAILED', { previousEventId, failure: frame.ended.failure });
}

async function perform(run: Run, frame: Frame, state: State): Promise<void> {
  await attempt(run, frame, state, () => work(run, frame, state));
}

async function attempt(run: Run, frame: Frame, state: State, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (thrown) {
    await fail(run, frame, state, thrown);
  }
}

/** Does a state's work, as far as it can without waiting. Throws where the state fails. */
export function work(run: Run, frame: Frame, state: State): Promise<void> {
  switch (state.type) {
    case 'Pass':
    case 'Succeed':
      return leave(run, frame, state.type, state, activeIn(frame).input);
    case 'Fail':
      return failByDefinition(run, frame, state);
    case 'Wait':
      return wait(run, frame, state);
    case 'Choice':
      return choose(run, frame, state);
    case 'Task':
      return schedule(run, frame, state);
    case 'Parallel':
      return startParallel(run, frame, state);
    case 'Map':
      return startMap(run, frame, state);
  }
}

async function failByDefinition(run: Run, frame: Frame, state: FailState): Promise<void> {
  const bindings = bindingsFor(run, frame);
  const error = (await state.error?.(bindings)) as string | undefined;
  const cause = (await state.cause?.(bindings)) as string | undefined;
  throw new StateFailure({
    ...(error === undefined ? {} : { error }),
    ...(cause === undefined ? {} : { cause }),
  });
}

async function wait(run: Run, frame: Frame, state: WaitState): Promise<void> {
  const active = activeIn(frame);
  active.precedingEventId = active.enteredEventId;
  const bindings = bindingsFor(run, frame);
  const seconds = ((await state.seconds?.(bindings)) ?? 0) as number;
  const timestamp = (await state.timestamp?.(bindings)) as string | undefined;
  const until = timestamp === undefined ? run.world.now() + seconds * 1000 : epochMillisecondsOf(timestamp);
  if (until === undefined) {
    throw new EvaluationError(
      `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${timestamp}`,
      'Timestamp',
    );
  }
  active.waiting = { for: 'time', until };
}

async function choose(run: Run, frame: Frame, state: ChoiceState): Promise<void> {
  const { input } = activeIn(frame);
  const bindings = bindingsFor(run, frame);
  for (const choice of state.choices) {
    const condition = choice.condition(bindings);
    if (condition instanceof Promise ? await condition : condition)
      return leave(run, frame, 'Choice', choice, input);
  }
  // AWS reports States.Runtime where no rule matches, and keeps the name States.NoChoiceMatched for later.
  if (state.otherwise === undefined)
    throw new RuntimeFailure(
      `${whileExecuting(frame)} Failed to transition out of the state. The state does not point to a next state.`,
    );
  await leave(run, frame, 'Choice', state.otherwise, input);
}

/** A call that had not been answered when its process ended is made again: it may have done its work. */
function recallUnanswered(run: Run): void {
  for (const { active } of Object.values(run.execution.frames)) {
    if (active?.waiting?.for === 'task' && active.waiting.call === 'made') active.waiting.call = 'due';
  }
}

function callsOf(run: Run): TaskCall[] {
  return Object.values(run.execution.frames).flatMap((frame) => {
    const task = taskIn(run, frame.id);
    return task?.waiting.call === 'due' ? [start(run, frame, task.state, task.waiting)] : [];
  });
}
