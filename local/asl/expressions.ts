import jsonata from 'jsonata';
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

export const EXPECT = {
  array: { name: 'array', accepts: (value) => Array.isArray(value) },
  boolean: { name: 'boolean', accepts: (value) => typeof value === 'boolean' },
  string: { name: 'string', accepts: (value) => typeof value === 'string' },
  positiveInteger: { name: 'integer', accepts: (value) => Number.isInteger(value) && Number(value) > 0 },
  naturalNumber: { name: 'integer', accepts: (value) => Number.isInteger(value) && Number(value) >= 0 },
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

/**
 * Compiles a field that may hold expressions at any depth. Throws what JSONata's parser throws, and for an
 * expression that Step Functions does not run.
 */
export function compileTemplate(value: Json, location: string, sources: ExpressionSources): Template {
  const source = expressionIn(value);
  if (source !== undefined) return compileExpression(source, location, sources);
  if (Array.isArray(value)) {
    const items = value.map((item, index) => compileTemplate(item, `${location}[${index}]`, sources));
    if (items.every((item) => constants.has(item))) return constant(value);
    return (bindings) => evaluateAll(items, bindings);
  }
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value);
    const members = Object.entries(value).map(([key, member]) =>
      compileTemplate(member, `${location}/${key}`, sources),
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
  sources: ExpressionSources,
): Template {
  const template = compileTemplate(value, location, sources);
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

function compileExpression(source: string, location: string, sources: ExpressionSources): Template {
  const expression = jsonata(source);
  if (namesVariable(expression.ast(), 'eval')) throw new Error('Step Functions does not support $eval');
  registerFunctions(expression, sources);
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

function namesVariable(node: unknown, name: string): boolean {
  if (typeof node !== 'object' || node === null) return false;
  if ('type' in node && node.type === 'variable' && 'value' in node && node.value === name) return true;
  return Object.values(node).some((part) => namesVariable(part, name));
}
