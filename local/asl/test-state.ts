import { AwsError } from '../aws/service.ts';
import { type DefinitionOptions, invalidDefinition, parseDefinition, type State } from './definition.ts';
import { Reader } from './definition-reader.ts';
import type { Execution, Frame } from './execution.ts';
import { type Failure, RuntimeFailure, StateFailure } from './failures.ts';
import type { IntegrationContext } from './integrations.ts';
import { work } from './interpreter.ts';
import { isJsonObject, type Json, type JsonObject, textOf } from './json.ts';
import { parseInput } from './payloads.ts';
import { activeIn, createRun, type Run, type World } from './run.ts';
import { readState } from './state-reader.ts';
import { enter, fail, leave } from './transitions.ts';

export interface TestState {
  /** The definition of one state. */
  readonly definition: string;
  /** What the state's work is done as. */
  readonly roleArn?: string | undefined;
  readonly input?: string | undefined;
  readonly variables?: string | undefined;
  /** What `$states.context.Execution` is to hold, as `{"Execution":{…}}`. */
  readonly context?: string | undefined;
  /** Stands for the work of a Task, Map or Parallel. Without it a Task does its work, and the others cannot. */
  readonly mock?:
    | { readonly result?: string | undefined; readonly errorOutput?: Told | undefined }
    | undefined;
}

interface Told {
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

export interface TestedState {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'RETRIABLE' | 'CAUGHT_ERROR';
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
  readonly nextState?: string;
}

export interface TestStateOptions extends DefinitionOptions {
  readonly world: World;
  readonly integrationContext: Omit<IntegrationContext, 'roleArn'>;
}

const NAME = 'State';
const ALONE = ['Task', 'Wait', 'Pass', 'Succeed', 'Fail', 'Choice'];

/**
 * Does one state, alone and without waiting
 * (https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html).
 */
export async function testState(test: TestState, options: TestStateOptions): Promise<TestedState> {
  const { input = '{}', variables = '{}', context = '{}', mock } = test;
  const executionContext = executionContextIn(parseInput(context));
  const parsedInput = parseInput(input);
  const state = readAlone(test, options);
  const run = createRun(
    executionOf(test, input, options.world.now()),
    { startAt: NAME, states: new Map([[NAME, state]]) },
    options.world,
  );
  Object.assign(run.executionContext, executionContext);
  const frame = { id: 0, index: 0, previousEventId: 0, variables: parseInput(variables) as JsonObject };
  enter(run, frame, state, { name: NAME, input: parsedInput });
  try {
    const { roleArn } = run.execution;
    await workAlone(run, frame, state, mock, { ...options.integrationContext, roleArn });
  } catch (thrown) {
    if (thrown instanceof RuntimeFailure)
      return { status: 'FAILED', error: 'States.Runtime', cause: thrown.message };
    return outcomeOf(frame, await fail(run, frame, state, thrown));
  }
  return outcomeOf(frame);
}

async function workAlone(
  run: Run,
  frame: Frame,
  state: State,
  mock: TestState['mock'],
  integrationContext: IntegrationContext,
): Promise<void> {
  if (mock?.errorOutput !== undefined) throw new StateFailure(toldOf(mock.errorOutput));
  if (state.type === 'Parallel' || state.type === 'Map' || (state.type === 'Task' && mock !== undefined)) {
    const result = parseInput(mock?.result ?? 'null');
    return leave(run, frame, state.type, state, result, { result });
  }
  await work(run, frame, state);
  const { waiting, input } = frame.active === undefined ? {} : activeIn(frame);
  if (state.type === 'Wait') return leave(run, frame, 'Wait', state, input ?? null);
  if (state.type !== 'Task' || waiting?.for !== 'task') return;
  const answer = await state.integration.call(waiting.parameters, integrationContext);
  if (!answer.ok) throw new StateFailure({ error: answer.error, cause: answer.cause });
  await leave(run, frame, 'Task', state, answer.output, { result: answer.output });
}

function outcomeOf(frame: Frame, failure?: Failure): TestedState {
  const { next, ended, active } = frame;
  if (next !== undefined)
    return {
      status: failure === undefined ? 'SUCCEEDED' : 'CAUGHT_ERROR',
      output: textOf(next.input),
      nextState: next.name,
      ...toldOf(failure),
    };
  if (ended !== undefined && 'output' in ended) return { status: 'SUCCEEDED', output: textOf(ended.output) };
  if (active?.waiting?.for === 'retry') return { status: 'RETRIABLE', ...toldOf(failure) };
  return { status: 'FAILED', ...toldOf(ended?.failure) };
}

function toldOf({ error, cause }: Told = {}): Failure {
  return { ...(error === undefined ? {} : { error }), ...(cause === undefined ? {} : { cause }) };
}

function readAlone({ definition, mock }: TestState, options: TestStateOptions): State {
  const json = parseDefinition(definition);
  if (!isJsonObject(json))
    throw invalidDefinition('SCHEMA_VALIDATION_FAILED: Expected value of type Object at /');
  const { Type: type, QueryLanguage: language } = json;
  if (mock === undefined && (type === 'Map' || type === 'Parallel'))
    throw new AwsError(
      'InvalidDefinition',
      `TestState API does not support Map or Parallel states. Supported state types include: [${ALONE.join(', ')}]`,
    );
  const reader = new Reader(options);
  const surroundings = {
    reader,
    queryLanguage: typeof language === 'string' ? language : 'JSONPath',
    outerVariables: new Set<string>(),
    stateNames: new Set<string>(),
  };
  const state = readState(json, '', surroundings, surroundings);
  if (state === undefined || reader.problems.length > 0) throw invalidDefinition(reader.problems.join(', '));
  return state;
}

const EXECUTION_CONTEXT = {
  Id: 'string',
  Input: 'object',
  Name: 'string',
  RoleArn: 'string',
  StartTime: 'string',
  RedriveCount: 'number',
};

function executionContextIn(context: Json): JsonObject {
  const given = isJsonObject(context) ? context : {};
  if ('Map' in given) throw invalidContext("'Map' field is not supported when mocking a Context object");
  const execution = isJsonObject(given['Execution']) ? given['Execution'] : {};
  for (const [name, value] of Object.entries(execution)) {
    const type = EXECUTION_CONTEXT[name as keyof typeof EXECUTION_CONTEXT];
    if (type === undefined) throw invalidContext(`Field '${name}' is not allowed`);
    if (type !== 'object' && typeof value !== type)
      throw invalidContext(`Execution.${name} must be a ${type}`);
  }
  return execution;
}

function invalidContext(reason: string): AwsError {
  return new AwsError('ValidationException', `Invalid Context object provided: ${reason}`);
}

function executionOf({ definition, roleArn = '' }: TestState, input: string, startedAt: number): Execution {
  return {
    arn: '',
    name: '',
    stateMachineArn: '',
    stateMachineName: '',
    roleArn,
    definition,
    input,
    startedAt,
    status: 'RUNNING',
    history: [],
    frames: {},
    nextFrameId: 1,
  };
}
