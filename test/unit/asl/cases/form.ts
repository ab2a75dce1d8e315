import type { Json, JsonObject } from '../../../../local/asl/json.ts';
import type { Action, Answer, Recording } from '../replay.ts';

/** A case of our own, in the form of the recordings, with the page of AWS's documentation that it is from. */
export interface Case extends Recording {
  readonly source: string;
}

/**
 * An event: `id<id of the previous one`, with `@seconds since the start` where the time matters, its type, and
 * its details with payloads as values.
 */
export type Told = readonly [at: string, type: string, details?: JsonObject];

/** A page of the developer guide. */
export function guide(page: string): string {
  return `https://docs.aws.amazon.com/step-functions/latest/dg/${page}`;
}

/** A page of the API reference. */
export function reference(operation: string): string {
  return `https://docs.aws.amazon.com/step-functions/latest/apireference/API_${operation}.html`;
}

/** A machine of these states, the first of which it starts at. */
export function machine(States: Record<string, JsonObject>, more: JsonObject = {}): JsonObject {
  return { QueryLanguage: 'JSONata', ...scope(States), ...more };
}

/** The states of a branch or of an item's processor. */
export function scope(States: Record<string, JsonObject>): JsonObject {
  return { StartAt: Object.keys(States)[0] ?? '', States };
}

export function functionNamed(name: string): string {
  return `arn:aws:lambda:us-east-1:111111111111:function:${name}`;
}

/** A Task that calls a function by its ARN and ends its scope. */
export function task(name: string, more: JsonObject = {}): JsonObject {
  return { Type: 'Task', Resource: functionNamed(name), End: true, ...more };
}

/** A Task that invokes the function `ask` and waits for its task token. */
export function approval(more: JsonObject = {}): JsonObject {
  return {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
    Arguments: { FunctionName: 'ask', Payload: { token: '{% $states.context.Task.Token %}' } },
    End: true,
    ...more,
  };
}

/** What the events of an approval's nth token hold: AWS names the integration in each. */
export const ASKED = { resourceType: 'lambda', resource: 'invoke.waitForTaskToken' };

export function asked(token: number, more: JsonObject = {}): JsonObject {
  return { ...ASKED, parameters: { FunctionName: 'ask', Payload: tokenOf(token) }, ...more };
}

/** The function answered with its input. */
export function submitted(token: number): JsonObject {
  const output = { ExecutedVersion: '$LATEST', Payload: tokenOf(token), StatusCode: 200 };
  return { ...ASKED, output };
}

function tokenOf(token: number): JsonObject {
  return { token: `<task_token:${token}>` };
}

/** What AWS records of an expression that has no usable result. */
export function evaluationFailed(
  state: { name: string; enteredAt: number },
  location: string,
  message: string,
): { error: string; cause: string; location: string; state: string } {
  const { name, enteredAt } = state;
  return { ...failed(name, enteredAt, message), error: 'States.QueryEvaluationError', location, state: name };
}

/** What AWS says of a Choice without a match. */
export const NO_MATCH = 'Failed to transition out of the state. The state does not point to a next state.';

/** What AWS says of a runtime error. */
export function failed(name: string, enteredAt: number, message: string): { error: string; cause: string } {
  const cause = `An error occurred while executing the state '${name}' (entered at the event id #${enteredAt}). ${message}`;
  return { error: 'States.Runtime', cause };
}

/** What AWS says of a result, and of what else a state makes, that is too large. */
export function exceeded(name: string): { error: string; cause: string } {
  const cause = `The state/task '${name}' returned a result with a size exceeding the maximum number of bytes service limit.`;
  return { error: 'States.DataLimitExceeded', cause };
}

/** An execution and its whole history. Every one starts alike: its first event is left out here. */
export function execution(
  source: string,
  run: {
    definition: JsonObject;
    input?: Json;
    /** What the functions answer, call by call; with their input where nothing is said. */
    answers?: readonly Answer[];
    actions?: readonly Action[];
  },
  told: readonly Told[],
): Case {
  const { definition, input = {}, answers = [], actions } = run;
  const step = { kind: 'create_and_record_execution', definition, execution_input: JSON.stringify(input) };
  const started: Told = ['1<0', 'ExecutionStarted', { input }];
  return {
    source,
    records: [
      { kind: 'lambda', answers },
      { ...step, ...(actions === undefined ? {} : { actions }) },
    ],
    snapshot: { 'recorded-content': { get_execution_history: { events: [started, ...told].map(event) } } },
  };
}

/** A start that is refused. */
export function refusedStart(
  source: string,
  run: { definition: JsonObject; input: string },
  exception: { code: string; message: string },
): Case {
  const { definition, input } = run;
  return {
    source,
    records: [{ kind: 'create_and_record_execution', definition, execution_input: input }],
    snapshot: { 'recorded-content': { exception: refusal('StartExecution', exception) } },
  };
}

/** A TestState and its response. */
export function tested(source: string, test: JsonObject, response: JsonObject): Case {
  return {
    source,
    records: [{ kind: 'api:test_state', ...test }],
    snapshot: { 'recorded-content': { test_case_response: response } },
  };
}

function refusal(operation: string, { code, message }: { code: string; message: string }) {
  return {
    exception_typename: code,
    exception_value: `An error occurred (${code}) when calling the ${operation} operation: ${message}`,
  };
}

function event([at, type, details]: Told): JsonObject {
  const [, id, previous, seconds] = /^(\d+)<(\d+)(?:@([\d.]+))?$/.exec(at) ?? [];
  return {
    id: Number(id),
    previousEventId: Number(previous),
    timestamp: seconds === undefined ? 'timestamp' : Number(seconds),
    type,
    ...(details === undefined ? {} : { [detailsNameOf(type)]: recorded(details) }),
  };
}

function detailsNameOf(type: string): string {
  if (type.endsWith('StateEntered')) return 'stateEnteredEventDetails';
  if (type.endsWith('StateExited')) return 'stateExitedEventDetails';
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

const NOT_TRUNCATED = { truncated: false };

/** The history holds payloads as text, and says of most that it has not cut them. */
function recorded({ input, output, parameters, assignedVariables, ...details }: JsonObject): JsonObject {
  return {
    ...details,
    ...(input === undefined ? {} : { input: JSON.stringify(input), inputDetails: NOT_TRUNCATED }),
    ...(output === undefined ? {} : { output: JSON.stringify(output), outputDetails: NOT_TRUNCATED }),
    ...(parameters === undefined ? {} : { parameters: JSON.stringify(parameters) }),
    ...(assignedVariables === undefined
      ? {}
      : {
          assignedVariables: textsOf(assignedVariables as JsonObject),
          assignedVariablesDetails: NOT_TRUNCATED,
        }),
  };
}

function textsOf(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
}
