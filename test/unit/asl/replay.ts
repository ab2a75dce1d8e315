import { expect } from 'vitest';
import type { Execution } from '../../../local/asl/execution.ts';
import type { HistoryEvent } from '../../../local/asl/history.ts';
import type { FunctionAnswer, FunctionRequest } from '../../../local/asl/integrations.ts';
import { nextDeadline } from '../../../local/asl/interpreter.ts';
import type { Json, JsonObject } from '../../../local/asl/json.ts';
import type { AwsError } from '../../../local/aws/service.ts';
import { createStepFunctionsService } from '../../../local/aws/step-functions.ts';
import { createWorkbench, START, type Workbench } from './workbench.ts';

/**
 * What was done and what came of it, in the form of LocalStack's recordings of AWS. Beyond those, a definition
 * may be an object, a function may be told its answers, and things may be done while the execution runs.
 */
export interface Recording {
  readonly records: readonly RecordedStep[];
  readonly snapshot: {
    readonly 'recorded-content': {
      readonly get_execution_history?: { readonly events: readonly JsonObject[] };
      readonly test_case_response?: JsonObject;
      readonly exception?: { readonly exception_typename: string; readonly exception_value: string };
      readonly validation_exception?: { readonly Error: { readonly Code: string; readonly Message: string } };
    };
  };
}

export interface RecordedStep {
  readonly kind: string;
  readonly handler?: string;
  readonly answers?: readonly Answer[];
  readonly definition?: string | JsonObject;
  readonly execution_input?: string;
  readonly actions?: readonly Action[];
}

/** A function's answer to one call; `hold` answers when an action says so, or never. */
export type Answer = 'echo' | 'hold' | { payload: Json } | { error: string; cause: string };

/** Tokens and calls are told apart by their order, from 1. `refused` is the error that the action must meet. */
export type Action =
  | { readonly pass: number }
  | { readonly answerCall: number; readonly answer: Exclude<Answer, 'hold'> }
  | {
      readonly send: 'SendTaskSuccess' | 'SendTaskFailure' | 'SendTaskHeartbeat';
      readonly token: number | string;
      readonly output?: string;
      readonly error?: string;
      readonly cause?: string;
      readonly refused?: string;
    }
  | { readonly stop: { readonly error?: string; readonly cause?: string } };

const A_MINUTE: readonly Action[] = [{ pass: 60 }];

/** Does what was done and compares what comes of it. */
export async function replay({ records, snapshot }: Recording): Promise<void> {
  const recorded = snapshot['recorded-content'];
  const done = records.find(({ kind }) => kind !== 'lambda');
  const events = recorded.get_execution_history?.events;
  if (done !== undefined && events !== undefined) return replayExecution(records, done, events);
  const outcome = await (done?.kind === 'api:test_state' ? testState(done) : start(done)).catch(
    (reason: unknown) => reason,
  );
  const { test_case_response: response, exception, validation_exception: refusal } = recorded;
  if (response !== undefined) {
    const { ResponseMetadata: _, ...expected } = response;
    expect(settle(outcome as Json)).toEqual(settle(expected));
  } else {
    const { code, message } = outcome as AwsError;
    expect({ code, message }).toEqual({
      code: exception?.exception_typename ?? refusal?.Error.Code,
      message: exception?.exception_value.replace(/^.*? operation: /, '') ?? refusal?.Error.Message,
    });
  }
}

async function testState({ kind: _, ...test }: RecordedStep): Promise<JsonObject | undefined> {
  const { operations } = createStepFunctionsService(createWorkbench().engine);
  const definition = textOf(test.definition);
  return operations['TestState']?.({ ...test, definition } as unknown as JsonObject);
}

async function start(step: RecordedStep | undefined): Promise<void> {
  const { engine, create } = createWorkbench();
  const { arn } = create(textOf(step?.definition));
  engine.startExecution({ stateMachineArn: arn, input: step?.execution_input });
}

async function replayExecution(
  records: readonly RecordedStep[],
  { definition, execution_input: input, actions = A_MINUTE }: RecordedStep,
  events: readonly JsonObject[],
): Promise<void> {
  const functions = createFunctions(records);
  const workbench = createWorkbench({ functions: functions.invoke });
  const { arn } = workbench.create(textOf(definition));
  const { executionArn } = workbench.engine.startExecution({ stateMachineArn: arn, input });
  await workbench.engine.settled();
  for (const action of actions) {
    await act(action, workbench, functions, executionArn);
    await workbench.engine.settled();
  }
  const execution = workbench.execution(executionArn);
  const history = functions.tokens.reduce(
    (text, token, index) => text.replaceAll(token, `<task_token:${index + 1}>`),
    JSON.stringify(execution.history),
  );
  const actual = (JSON.parse(history) as HistoryEvent[]).map((event, index) => ({
    ...event,
    timestamp:
      typeof events[index]?.['timestamp'] === 'number' ? (event.timestamp - START) / 1000 : 'timestamp',
  }));
  expect(actual.map(settle)).toEqual(events.map(settle));
  expect(resultOf(execution)).toEqual(resultIn(events.at(-1)));
}

async function act(
  action: Action,
  workbench: Workbench,
  functions: ReturnType<typeof createFunctions>,
  executionArn: string,
): Promise<void> {
  if ('pass' in action) return letPass(action.pass * 1000, workbench, executionArn);
  if ('answerCall' in action) return functions.answer(action.answerCall, action.answer);
  const { engine } = workbench;
  if ('stop' in action) return void (await engine.stopExecution({ executionArn, ...action.stop }));
  const { send, token, refused, ...message } = action;
  const taskToken = typeof token === 'string' ? token : (functions.tokens[token - 1] ?? '');
  const error = await createStepFunctionsService(engine)
    .operations[send]?.({ taskToken, ...message })
    .then(
      () => undefined,
      (reason: AwsError) => reason.code,
    );
  expect(error).toBe(refused);
}

/** Lets time pass from deadline to deadline, so that what falls due is done at its time. */
async function letPass(
  milliseconds: number,
  { clock, execution, pass }: Workbench,
  executionArn: string,
): Promise<void> {
  const until = clock.now() + milliseconds;
  while (clock.now() < until)
    await pass(Math.min(until, nextDeadline(execution(executionArn))) - clock.now());
}

/** The functions of a recording, with the task tokens that they are given. */
function createFunctions(records: readonly RecordedStep[]) {
  const raises = records.some(({ handler }) => handler?.includes('raise_exception'));
  const answers = records.flatMap(({ answers = [] }) => answers);
  const calls: { payload: Json; resolve: (answer: FunctionAnswer) => void }[] = [];
  const tokens: string[] = [];
  function answerTo(payload: Json, answer: Exclude<Answer, 'hold'>): FunctionAnswer {
    if (answer === 'echo') return { ok: true, payload };
    return 'payload' in answer ? { ok: true, payload: answer.payload } : { ok: false, ...answer };
  }
  return {
    tokens,
    async invoke({ payload }: FunctionRequest): Promise<FunctionAnswer> {
      if (raises) return answerTo(payload, RAISED);
      if (isGivenToken(payload)) tokens.push(payload.token);
      const answer = answers[calls.length] ?? 'echo';
      return new Promise((resolve) => {
        calls.push({ payload, resolve });
        if (answer !== 'hold') resolve(answerTo(payload, answer));
      });
    },
    answer(call: number, answer: Exclude<Answer, 'hold'>): void {
      const { payload, resolve } = calls[call - 1] ?? {};
      resolve?.(answerTo(payload ?? null, answer));
    },
  };
}

const RAISED = {
  error: 'Exception',
  cause: JSON.stringify({ errorType: 'Exception', errorMessage: 'Some exception was raised.' }),
};

function isGivenToken(payload: Json): payload is { token: string } {
  return typeof payload === 'object' && payload !== null && 'token' in payload;
}

const STATUSES: Record<string, Execution['status']> = {
  ExecutionSucceeded: 'SUCCEEDED',
  ExecutionFailed: 'FAILED',
  ExecutionTimedOut: 'TIMED_OUT',
  ExecutionAborted: 'ABORTED',
};

function resultOf({ status, output, error, cause }: Execution): Json {
  return settle(JSON.parse(JSON.stringify({ status, output, error, cause })) as Json);
}

/** What DescribeExecution tells of an execution whose last event is this. It has no error where one has timed out. */
function resultIn(last: JsonObject | undefined): Json {
  const status = STATUSES[String(last?.['type'])] ?? 'RUNNING';
  const details = Object.entries(last ?? {}).find(([name]) => /^execution.*EventDetails$/.test(name))?.[1];
  const { output, error, cause } = status === 'TIMED_OUT' ? {} : ((details ?? {}) as JsonObject);
  return settle(JSON.parse(JSON.stringify({ status, output, error, cause })) as Json);
}

function textOf(definition: string | JsonObject | undefined): string {
  return typeof definition === 'string' ? definition : JSON.stringify(definition);
}

/** What differs from run to run, and from AWS where no Lambda service stands behind. */
const VARYING = new Set([
  'SdkHttpMetadata',
  'SdkResponseMetadata',
  'roleArn',
  'region',
  'requestId',
  'stackTrace',
]);

/** The recordings hold JSON objects parsed, and placeholders for what differs from run to run. */
export function settle(value: Json): Json {
  if (typeof value === 'string') return settleText(value);
  if (Array.isArray(value)) return value.map(settle);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !VARYING.has(name));
  return Object.fromEntries(
    kept.map(([name, member]) => [name, name === 'TimestampValue' ? 'timestamp' : settle(member)]),
  );
}

function settleText(text: string): Json {
  if (/^arn:.*:function:/.test(text)) return 'function ARN';
  if (!/^[[{"]/.test(text)) return text;
  try {
    return settle(JSON.parse(text));
  } catch {
    return text;
  }
}
