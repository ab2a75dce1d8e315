import type { Failure } from './failures.ts';
import type { HistoryEvent } from './history.ts';
import type { Json, JsonObject } from './json.ts';

/**
 * An execution, whole: plain JSON data, so that it can be kept and taken up again. What it waits for, and until
 * when, is in its frames.
 */
export interface Execution {
  readonly arn: string;
  readonly name: string;
  readonly stateMachineArn: string;
  readonly stateMachineName: string;
  readonly roleArn: string;
  /** The definition's text as it was at the start: a later update does not touch a running execution. */
  readonly definition: string;
  /** The input's text as it was given. */
  readonly input: string;
  readonly startedAt: number;
  /** When the whole execution times out. */
  readonly deadline?: number;
  status: ExecutionStatus;
  stoppedAt?: number;
  output?: string;
  error?: string;
  cause?: string;
  readonly history: HistoryEvent[];
  /** By id. Frame 0 walks the machine's own states; the others are branches and iterations under their parent. */
  readonly frames: Record<number, Frame>;
  nextFrameId: number;
}

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** One walk through states: the execution's own, a Parallel's branch's, or a Map iteration's. */
export interface Frame {
  readonly id: number;
  readonly parentId?: number;
  /** Which branch of the parent's Parallel, or which item of its Map, this is. */
  readonly index: number;
  /** The item of the innermost Map around. */
  readonly mapItem?: { readonly index: number; readonly value: Json };
  /** What the next event will name as its previous one. */
  previousEventId: number;
  /** The frame's own: it reads those of the frames around it, too, and assigns only its own. */
  variables: JsonObject;
  /** How large each of them is, in bytes of its JSON text. */
  variableBytes?: Record<string, number>;
  /** The state to enter, between two states. */
  next?: { readonly name: string; readonly input: Json };
  /** The state that is being worked on. */
  active?: ActiveState;
  /** How the frame ended, until its parent has taken note. */
  ended?: { readonly output: Json } | { readonly failure: Failure };
}

export interface ActiveState {
  readonly name: string;
  readonly input: Json;
  readonly enteredAt: number;
  readonly enteredEventId: number;
  /** The event before this step of the state: what an EvaluationFailed names as its previous one. */
  precedingEventId: number;
  retries: number;
  /** The attempts that each retrier has spent. */
  readonly attempts: number[];
  waiting?: Waiting;
}

export type Waiting = TimerWait | TaskWait | ChildrenWait;

export interface TimerWait {
  readonly for: 'time' | 'retry';
  readonly until: number;
}

export interface TaskWait {
  readonly for: 'task';
  /** Tells attempts apart: the id of the event that scheduled this one. */
  readonly attempt: number;
  readonly parameters: Json;
  readonly token?: string;
  readonly timesOutAt?: number;
  readonly heartbeatSeconds?: number;
  heartbeatDueAt?: number;
  /** The call; it is answered before the wait ends only where that is for the token. */
  call: 'due' | 'made' | 'answered';
}

export interface ChildrenWait {
  readonly for: 'children';
  /** The inputs of the children, in order; for a Map before its ItemSelector. */
  readonly items: readonly Json[];
  readonly concurrency: number;
  started: number;
  finished: number;
  readonly outputs: Json[];
}
