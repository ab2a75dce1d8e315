import jsonata from 'jsonata';
import { type Fact, unsupportedReferences } from './expression-check.ts';
import { type ExpressionSources, registerFunctions } from './functions.ts';
import { type Json, type JsonObject, textOf, typeNameOf } from './json.ts';

/** What an expression can name: the variables, and `states`. */
export type Bindings = Record<string, unknown>;

/** Gives a field's value. Synchronous, and untouched by JSONata, where the field holds no expression. */
export type Template = (bindings: Bindings) => Json | Promise<Json>;

/** What a field's value must be; `name` is the word for it in Step Functions' messages. */
export interface Expectation {
  readonly name: string;
  accepts(value: Json): boolean;
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html, and the same for timeouts and retries. */
export const MOST_SECONDS = 99_999_999;

function isInteger(value: Json, least: number, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}

export const EXPECT = {
  array: { name: 'array', accepts: (value) => Array.isArray(value) },
  boolean: { name: 'boolean', accepts: (value) => typeof value === 'boolean' },
  string: { name: 'string', accepts: (value) => typeof value === 'string' },
  count: { name: 'integer', accepts: (value) => isInteger(value, 0, Infinity) },
  seconds: { name: 'integer', accepts: (value) => isInteger(value, 0, MOST_SECONDS) },
  timeout: { name: 'integer', accepts: (value) => isInteger(value, 1, MOST_SECONDS) },
  percentage: {
    name: 'number',
    accepts: (value) => typeof value === 'number' && value >= 0 && value <= 100,
  },
} as const satisfies Record<string, Expectation>;

/** An expression had no usable result. `location` is the field, from its state: `Output/result`. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
  readonly location: string | undefined;

  constructor(message: string, location?: string) {
    super(message);
    this.location = location;
  }
}

const EXPRESSION = /^\{%([\s\S]*)%\}$/;

/** The JSONata within a string that is wholly wrapped in `{% %}`. */
function expressionIn(value: Json): string | undefined {
  return typeof value === 'string' ? EXPRESSION.exec(value)?.[1]?.trim() : undefined;
}

export function isExpression(value: Json): boolean {
  return expressionIn(value) !== undefined;
}

/** Why an expression can never be run; `location` is the field, from its state. */
export interface ExpressionProblem {
  readonly code: 'INVALID_JSONATA_EXPRESSION' | 'UNSUPPORTED_JSONATA_EXPRESSION';
  readonly message: string;
  readonly location: string;
}

/** What expressions are compiled with. */
export interface Compilation {
  readonly sources: ExpressionSources;
  /** What they may read of `$states` beyond the input and the context. */
  readonly fact?: Fact | undefined;
  /** Takes note of an expression that can never be run. */
  refuse(problem: ExpressionProblem): void;
}

/** Compiles a field that may hold expressions at any depth. */
export function compileTemplate(value: Json, location: string, compilation: Compilation): Template {
  const source = expressionIn(value);
  if (source !== undefined) return compileExpression(source, location, compilation);
  if (Array.isArray(value)) {
    const items = value.map((item, index) => compileTemplate(item, `${location}[${index}]`, compilation));
    if (items.every((item) => constants.has(item))) return constant(value);
    return (bindings) => evaluateAll(items, bindings);
  }
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    const members = Object.entries(value).map(([key, member]) =>
      compileTemplate(member, `${location}/${key}`, compilation),
    );
    if (members.every((member) => constants.has(member))) return constant(value);
    return async (bindings) => {
      const values = await evaluateAll(members, bindings);
      return Object.fromEntries(keys.map((key, index) => [key, values[index]])) as JsonObject;
    };
  }
  return constant(value);
}

/** A field whose value must be of one kind. A constant is not checked here: the definition's reader does. */
export function compileTyped(
  value: Json,
  location: string,
  expectation: Expectation,
  compilation: Compilation,
): Template {
  const template = compileTemplate(value, location, compilation);
  if (constants.has(template)) return template;
  const described =
    expressionIn(value) === undefined
      ? `The field '${location}'`
      : `The JSONata expression '${expressionIn(value)}' specified for the field '${location}'`;
  return async (bindings) => {
    const result = await template(bindings);
    if (expectation.accepts(result)) return result;
    throw new EvaluationError(
      `${described} returned an unexpected result type. Expected '${expectation.name}', ` +
        `but was '${typeNameOf(result)}' for value: ${textOf(result)}`,
      location,
    );
  };
}

const constants = new WeakSet<Template>();

function constant(value: Json): Template {
  const template: Template = () => value;
  constants.add(template);
  return template;
}

async function evaluateAll(templates: readonly Template[], bindings: Bindings): Promise<Json[]> {
  const values: Json[] = [];
  for (const template of templates) {
    const value = template(bindings);
    values.push(value instanceof Promise ? await value : value);
  }
  return values;
}

function compileExpression(source: string, location: string, compilation: Compilation): Template {
  let expression: jsonata.Expression;
  try {
    expression = jsonata(source);
  } catch (error) {
    const { message } = error as { message: string };
    compilation.refuse({ code: 'INVALID_JSONATA_EXPRESSION', message, location });
    return constant(null);
  }
  for (const message of unsupportedReferences(expression.ast(), compilation.fact))
    compilation.refuse({ code: 'UNSUPPORTED_JSONATA_EXPRESSION', message, location });
  registerFunctions(expression, compilation.sources);
  const described = `The JSONata expression '${source}' specified for the field '${location}'`;
  return async (bindings) => {
    let result: unknown;
    try {
      result = await expression.evaluate(undefined, bindings);
    } catch (error) {
      throw new EvaluationError(
        `${described} threw an error during evaluation. ${reasonOf(error)}`,
        location,
      );
    }
    if (result === undefined)
      throw new EvaluationError(`${described} returned nothing (undefined).`, location);
    return plain(result, () => {
      throw new EvaluationError(`${described} returned an unsupported result type.`, location);
    });
  };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  return code === undefined ? message : `${code}: ${message}`;
}

/** Copies a result without what JSONata keeps on its arrays and without undefined members. */
function plain(value: unknown, refuse: () => never): Json {
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : refuse();
    case 'object': {
      if (value === null) return null;
      if (Array.isArray(value)) return value.map((item) => plain(item, refuse));
      if ('_jsonata_lambda' in value || '_jsonata_function' in value) return refuse();
      const members = Object.entries(value).filter(([, member]) => member !== undefined);
      return Object.fromEntries(members.map(([key, member]) => [key, plain(member, refuse)]));
    }
    default:
      return refuse();
  }
}
