import type { MapState, ParallelState } from './definition.ts';
import type { ChildrenWait, Frame } from './execution.ts';
import { EvaluationError } from './expressions.ts';
import { type Failure, StateFailure } from './failures.ts';
import { type Json, textOf } from './json.ts';
import { activeIn, bindingsFor, childrenOf, note, noteAfter, type Run, stateOf } from './run.ts';
import { checkedText, fail, leave } from './transitions.ts';

/** An inline Map runs no more iterations at once (https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html). */
const MOST_CONCURRENT_ITERATIONS = 40;

export async function startParallel(run: Run, frame: Frame, state: ParallelState): Promise<void> {
  const active = activeIn(frame);
  const input = state.arguments === undefined ? active.input : await state.arguments(bindingsFor(run, frame));
  checkedText(active.name, input);
  const startedId = note(run, frame, 'ParallelStateStarted');
  active.waiting = childrenWait(
    state.branches.map(() => input),
    state.branches.length,
  );
  active.waiting.started = state.branches.length;
  state.branches.forEach(({ startAt }, index) => {
    startChild(run, frame, { index, input, startAt, previousEventId: startedId });
  });
}

export async function startMap(run: Run, frame: Frame, state: MapState): Promise<void> {
  const active = activeIn(frame);
  const bindings = bindingsFor(run, frame);
  const items = state.items === undefined ? active.input : await state.items(bindings);
  if (!Array.isArray(items))
    throw new EvaluationError(`Map state input must be an array but was: ${textOf(items)}`);
  const asked = ((await state.maxConcurrency?.(bindings)) ?? 0) as number;
  for (const tolerance of state.tolerances) await tolerance(bindings);
  note(run, frame, 'MapStateStarted', 'mapStateStartedEventDetails', { length: items.length });
  if (items.length === 0) return succeed(run, frame, state, []);
  const waiting = childrenWait(
    items,
    Math.min(asked || MOST_CONCURRENT_ITERATIONS, MOST_CONCURRENT_ITERATIONS),
  );
  active.waiting = waiting;
  const startedId = frame.previousEventId;
  const first = items.slice(0, waiting.concurrency);
  const inputs: Json[] = [];
  for (const index of first.keys()) inputs.push(await inputOf(run, frame, state, items, index));
  for (const input of inputs) startIteration(run, frame, state, waiting, input, startedId);
}

/** What an iteration starts with: its item, or what the ItemSelector makes of it. */
async function inputOf(
  run: Run,
  frame: Frame,
  { itemSelector }: MapState,
  items: readonly Json[],
  index: number,
): Promise<Json> {
  const value = items[index] ?? null;
  const input =
    itemSelector === undefined
      ? value
      : await itemSelector(bindingsFor(run, frame, {}, { mapItem: { index, value } }));
  checkedText(activeIn(frame).name, input);
  return input;
}

function startIteration(
  run: Run,
  frame: Frame,
  state: MapState,
  waiting: ChildrenWait,
  input: Json,
  previousEventId: number,
): void {
  const index = waiting.started;
  waiting.started += 1;
  const startedId = noteAfter(
    run,
    previousEventId,
    'MapIterationStarted',
    'mapIterationStartedEventDetails',
    {
      name: activeIn(frame).name,
      index,
    },
  );
  startChild(run, frame, {
    index,
    input,
    startAt: state.processor.startAt,
    previousEventId: startedId,
    mapItem: { index, value: waiting.items[index] ?? null },
  });
}

/** Takes note that a child has ended, and goes on with the parent where that decides it. */
export async function childEnded(run: Run, parent: Frame, child: Frame): Promise<void> {
  const state = stateOf(run, parent, activeIn(parent).name);
  const { waiting } = activeIn(parent);
  if ((state.type !== 'Map' && state.type !== 'Parallel') || waiting?.for !== 'children') return;
  try {
    if (child.ended !== undefined && 'output' in child.ended)
      await childSucceeded(run, parent, child, state, waiting, child.ended.output);
    else childFailed(run, parent, child, state, child.ended?.failure ?? {});
  } catch (thrown) {
    abortChildren(run, parent, parent.previousEventId);
    await fail(run, parent, state, thrown);
  }
}

async function childSucceeded(
  run: Run,
  parent: Frame,
  child: Frame,
  state: MapState | ParallelState,
  waiting: ChildrenWait,
  output: Json,
): Promise<void> {
  delete run.execution.frames[child.id];
  waiting.outputs[child.index] = output;
  waiting.finished += 1;
  let lastEventId = child.previousEventId;
  if (state.type === 'Map') {
    const details = { name: activeIn(parent).name, index: child.index };
    lastEventId = noteAfter(
      run,
      child.previousEventId,
      'MapIterationSucceeded',
      'mapIterationSucceededEventDetails',
      details,
    );
  }
  parent.previousEventId = lastEventId;
  activeIn(parent).precedingEventId = lastEventId;
  if (state.type === 'Map' && waiting.started < waiting.items.length) {
    const input = await inputOf(run, parent, state, waiting.items, waiting.started);
    startIteration(run, parent, state, waiting, input, child.previousEventId);
  }
  if (waiting.finished < waiting.items.length) return;
  await succeed(run, parent, state, waiting.outputs);
}

/** AWS records the state's success beside its exit, not before it: both follow the same event. */
async function succeed(
  run: Run,
  frame: Frame,
  state: MapState | ParallelState,
  result: Json[],
): Promise<void> {
  delete activeIn(frame).waiting;
  noteAfter(run, frame.previousEventId, `${state.type}StateSucceeded`);
  await leave(run, frame, state.type, state, result, { result });
}

function childFailed(
  run: Run,
  parent: Frame,
  child: Frame,
  state: MapState | ParallelState,
  failure: Failure,
): never {
  parent.previousEventId = child.previousEventId;
  if (state.type === 'Map') {
    noteAfter(run, child.previousEventId, 'MapIterationFailed', 'mapIterationFailedEventDetails', {
      name: activeIn(parent).name,
      index: child.index,
    });
  }
  // A Map and a Parallel have recorded their own failure; of a Task's, only its attempts tell.
  const { type } = stateOf(run, child, activeIn(child).name);
  if (type === 'Map' || type === 'Parallel') delete run.execution.frames[child.id];
  else abort(run, child, child.previousEventId);
  throw new StateFailure(failure);
}

function abortChildren(run: Run, parent: Frame, previousEventId: number): void {
  const { name, waiting } = activeIn(parent);
  if (waiting?.for !== 'children') return;
  const isMap = stateOf(run, parent, name).type === 'Map';
  for (const child of childrenOf(run, parent)) {
    if (isMap) {
      noteAfter(run, previousEventId, 'MapIterationAborted', 'mapIterationAbortedEventDetails', {
        name,
        index: child.index,
      });
    }
    abort(run, child, previousEventId);
  }
}

const ABORTABLE = new Set(['Task', 'Wait', 'Map', 'Parallel']);

function abort(run: Run, frame: Frame, previousEventId: number): void {
  if (frame.active !== undefined) {
    const { type } = stateOf(run, frame, frame.active.name);
    if (ABORTABLE.has(type)) noteAfter(run, previousEventId, `${type}StateAborted`);
    abortChildren(run, frame, previousEventId);
  }
  delete run.execution.frames[frame.id];
}

function childrenWait(items: readonly Json[], concurrency: number): ChildrenWait {
  return { for: 'children', items, concurrency, started: 0, finished: 0, outputs: items.map(() => null) };
}

function startChild(
  run: Run,
  parent: Frame,
  start: {
    index: number;
    input: Json;
    startAt: string;
    previousEventId: number;
    mapItem?: Frame['mapItem'];
  },
): void {
  const { index, input, startAt, previousEventId, mapItem = parent.mapItem } = start;
  const child: Frame = {
    id: run.execution.nextFrameId,
    parentId: parent.id,
    index,
    previousEventId,
    variables: {},
    next: { name: startAt, input },
    ...(mapItem === undefined ? {} : { mapItem }),
  };
  run.execution.nextFrameId += 1;
  run.execution.frames[child.id] = child;
  run.ready.push(child);
}
