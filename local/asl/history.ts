import type { Execution, Frame } from './execution.ts';
import { RuntimeFailure } from './failures.ts';
import type { JsonObject } from './json.ts';

/**
 * One event, as https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html has it,
 * but for the timestamp, which is in milliseconds since the epoch. The details stand under their own name
 * (`stateEnteredEventDetails`).
 */
export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: number;
  readonly type: string;
  readonly [details: `${string}EventDetails`]: JsonObject;
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html */
export const HISTORY_LIMIT = 25_000;

/** The name and the content of an event's details, where its type has any. */
export type Details = [name: `${string}EventDetails`, details: JsonObject] | [];

/** Appends an event that follows the frame's last one, and returns its id. */
export function record(
  execution: Execution,
  frame: Frame,
  timestamp: number,
  type: string,
  ...details: Details
): number {
  frame.previousEventId = recordAfter(execution, frame.previousEventId, timestamp, type, ...details);
  return frame.previousEventId;
}

/**
 * Appends an event that follows the given one, and returns its id. The last event that a history has room for
 * is the execution's end.
 */
export function recordAfter(
  execution: Execution,
  previousEventId: number,
  timestamp: number,
  type: string,
  ...[name, details]: Details
): number {
  const id = execution.history.length + 1;
  if (id >= HISTORY_LIMIT && !isEnd(type))
    throw new RuntimeFailure(
      `The execution reached the maximum number of history events (${HISTORY_LIMIT}).`,
    );
  const event = { id, previousEventId, timestamp, type };
  execution.history.push(name === undefined ? event : { ...event, [name]: details });
  return id;
}

const ENDS = new Set(['ExecutionSucceeded', 'ExecutionFailed', 'ExecutionTimedOut', 'ExecutionAborted']);

function isEnd(type: string): boolean {
  return ENDS.has(type);
}

const NOT_TRUNCATED: JsonObject = { truncated: false };

export function inputDetails(input: string): JsonObject {
  return { input, inputDetails: NOT_TRUNCATED };
}

export function outputDetails(output: string): JsonObject {
  return { output, outputDetails: NOT_TRUNCATED };
}

const EXECUTION_DATA = new Set(['input', 'output', 'parameters']);

/** The event without what `includeExecutionData: false` leaves out. */
export function withoutExecutionData(event: HistoryEvent): HistoryEvent {
  const members = Object.entries(event).map(([name, value]) => [
    name,
    typeof value === 'object'
      ? Object.fromEntries(Object.entries(value).filter(([member]) => !EXECUTION_DATA.has(member)))
      : value,
  ]);
  return Object.fromEntries(members) as HistoryEvent;
}
