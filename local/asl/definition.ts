import { AwsError } from '../aws/service.ts';
import { Reader } from './definition-reader.ts';
import { MOST_SECONDS, type Template } from './expressions.ts';
import type { ExpressionSources } from './functions.ts';
import type { Integration, Integrations } from './integrations.ts';
import { isJsonObject, type Json } from './json.ts';
import type { Retrier } from './retry.ts';
import { QUERY_LANGUAGES, readScope } from './state-reader.ts';

/** A loaded definition: checked whole, with its expressions compiled. */
export interface StateMachine extends Scope {
  readonly timeoutSeconds?: number;
}

/** States that one frame walks: the machine's own, a branch's, or an item processor's. */
export interface Scope {
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
}

/** How a state is left. Without `next` it ends its scope. */
export interface Exit {
  readonly assign?: Template;
  readonly output?: Template;
  readonly next?: string;
}

export interface Catcher extends Exit {
  readonly errorEquals: readonly string[];
}

export interface ErrorHandling {
  readonly retry: readonly Retrier[];
  readonly catch: readonly Catcher[];
}

export interface PassState extends Exit {
  readonly type: 'Pass';
}

export interface SucceedState extends Exit {
  readonly type: 'Succeed';
}

export interface FailState {
  readonly type: 'Fail';
  readonly error?: Template;
  readonly cause?: Template;
}

export interface WaitState extends Exit {
  readonly type: 'Wait';
  readonly seconds?: Template;
  readonly timestamp?: Template;
}

export interface ChoiceState {
  readonly type: 'Choice';
  readonly choices: readonly (Exit & { readonly condition: Template })[];
  /** The way without a match; absent where the state has no Default. */
  readonly otherwise?: Exit;
}

export interface TaskState extends Exit, ErrorHandling {
  readonly type: 'Task';
  readonly resource: string;
  readonly integration: Integration;
  readonly arguments?: Template;
  readonly timeoutSeconds?: Template;
  readonly heartbeatSeconds?: Template;
}

export interface ParallelState extends Exit, ErrorHandling {
  readonly type: 'Parallel';
  readonly arguments?: Template;
  readonly branches: readonly Scope[];
}

export interface MapState extends Exit, ErrorHandling {
  readonly type: 'Map';
  readonly items?: Template;
  readonly itemSelector?: Template;
  readonly maxConcurrency?: Template;
  /** Evaluated and checked, to no effect: an inline Map tolerates no failed iteration. */
  readonly tolerances: readonly Template[];
  readonly processor: Scope;
}

export type State =
  | PassState
  | SucceedState
  | FailState
  | WaitState
  | ChoiceState
  | TaskState
  | ParallelState
  | MapState;

export interface DefinitionOptions {
  readonly sources: ExpressionSources;
  readonly integrations: Integrations;
}

const MACHINE_FIELDS = {
  allowed: ['Comment', 'QueryLanguage', 'StartAt', 'States', 'TimeoutSeconds', 'Version'],
  required: ['States', 'StartAt'],
};

/**
 * Loads a definition, or throws `InvalidDefinition` with every problem and its place in it
 * (https://states-language.net/spec.html; of the query languages, JSONata only).
 */
export function loadDefinition(text: string, options: DefinitionOptions): StateMachine {
  const reader = new Reader(options);
  const machine = readMachine(parseDefinition(text), reader);
  if (reader.problems.length > 0 || machine === undefined)
    throw invalidDefinition(reader.problems.join(', '));
  return machine;
}

function readMachine(definition: Json, reader: Reader): StateMachine | undefined {
  if (!isJsonObject(definition)) {
    reader.problem('', 'Expected value of type [OBJECT]');
    return undefined;
  }
  reader.fields(definition, '', MACHINE_FIELDS);
  reader.optionalString(definition, 'Comment', '');
  reader.optionalString(definition, 'Version', '');
  const queryLanguage = reader.optionalOneOf(definition, 'QueryLanguage', '', QUERY_LANGUAGES);
  const timeoutSeconds = reader.optionalInteger(definition, 'TimeoutSeconds', '', {
    least: 1,
    most: MOST_SECONDS,
  });
  const scope = readScope(definition, '', {
    reader,
    queryLanguage: queryLanguage ?? 'JSONPath',
    outerVariables: new Set(),
    stateNames: new Set(),
  });
  return { ...scope, ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }) };
}

export function parseDefinition(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw invalidDefinition(`INVALID_JSON_DESCRIPTION: ${(error as Error).message}`);
  }
}

export function invalidDefinition(problems: string): AwsError {
  return new AwsError('InvalidDefinition', `Invalid State Machine Definition: '${problems}'`);
}
