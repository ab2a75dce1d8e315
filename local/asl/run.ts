import type { Scope, State, StateMachine } from './definition.ts';
import type { ActiveState, Execution, Frame } from './execution.ts';
import type { Bindings } from './expressions.ts';
import { type Details, record, recordAfter } from './history.ts';
import type { Json, JsonObject } from './json.ts';
import { variablesIn } from './variables.ts';

/** What the interpreter needs of the world around it. */
export interface World {
  readonly region: string;
  /** Milliseconds since the epoch. */
  now(): number;
  random(): number;
  uuid(): string;
}

/** One execution in the interpreter's hands. */
export interface Run {
  readonly execution: Execution;
  readonly machine: StateMachine;
  readonly world: World;
  readonly executionContext: JsonObject;
  /** Frames that can go on, in order. */
  readonly ready: Frame[];
}

export function createRun(execution: Execution, machine: StateMachine, world: World): Run {
  return {
    execution,
    machine,
    world,
    executionContext: {
      Id: execution.arn,
      Input: JSON.parse(execution.input) as Json,
      Name: execution.name,
      RoleArn: execution.roleArn,
      StartTime: new Date(execution.startedAt).toISOString(),
      RedriveCount: 0,
    },
    ready: [],
  };
}

/** The states that a frame walks. */
export function scopeOf(run: Run, frame: Frame): Scope {
  if (frame.parentId === undefined) return run.machine;
  const parent = frameOf(run, frame.parentId);
  const state = stateOf(run, parent, activeIn(parent).name);
  const scope =
    state.type === 'Map' ? state.processor : state.type === 'Parallel' && state.branches[frame.index];
  if (!scope) throw new Error(`Frame ${frame.id} has no scope`);
  return scope;
}

export function frameOf(run: Run, id: number): Frame {
  const frame = run.execution.frames[id];
  if (frame === undefined) throw new Error(`There is no frame ${id}`);
  return frame;
}

export function stateOf(run: Run, frame: Frame, name: string): State {
  const state = scopeOf(run, frame).states.get(name);
  if (state === undefined) throw new Error(`There is no state ${name}`);
  return state;
}

export function activeIn(frame: Frame): ActiveState {
  if (frame.active === undefined) throw new Error(`Frame ${frame.id} is in no state`);
  return frame.active;
}

export function childrenOf(run: Run, parent: Frame): Frame[] {
  return Object.values(run.execution.frames).filter(({ parentId }) => parentId === parent.id);
}

/** What `$states` holds beyond the input and the context. */
export interface Facts {
  readonly result?: Json;
  readonly errorOutput?: Json;
}

/** What an expression can name (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html). */
export function bindingsFor(
  run: Run,
  frame: Frame,
  facts: Facts = {},
  { token, mapItem = frame.mapItem }: { token?: string; mapItem?: Frame['mapItem'] } = {},
): Bindings {
  const active = activeIn(frame);
  const context: JsonObject = {
    Execution: run.executionContext,
    State: {
      EnteredTime: new Date(active.enteredAt).toISOString(),
      Name: active.name,
      RetryCount: active.retries,
    },
    StateMachine: { Id: run.execution.stateMachineArn, Name: run.execution.stateMachineName },
  };
  if (token !== undefined) context['Task'] = { Token: token };
  if (mapItem !== undefined) context['Map'] = { Item: { Index: mapItem.index, Value: mapItem.value } };
  return { ...variablesIn(run.execution, frame), states: { input: active.input, context, ...facts } };
}

/** Records an event now, after the frame's last one. */
export function note(run: Run, frame: Frame, type: string, ...details: Details): number {
  return record(run.execution, frame, run.world.now(), type, ...details);
}

/** Records an event now, after the given one, and leaves the frame's last one as it is. */
export function noteAfter(run: Run, previousEventId: number, type: string, ...details: Details): number {
  return recordAfter(run.execution, previousEventId, run.world.now(), type, ...details);
}
