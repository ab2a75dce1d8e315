import type { DefinitionOptions } from './definition.ts';
import {
  compileTemplate,
  compileTyped,
  type Expectation,
  isExpression,
  type Template,
} from './expressions.ts';
import { isJsonObject, type Json, type JsonObject, typeNameOf } from './json.ts';

export interface FieldNames {
  readonly allowed: readonly string[];
  readonly required: readonly string[];
}

const JSONPATH_FIELDS = new Set([
  'InputPath',
  'OutputPath',
  'ResultPath',
  'ResultSelector',
  'Parameters',
  'Result',
  'ItemsPath',
  'SecondsPath',
  'TimestampPath',
  'TimeoutSecondsPath',
  'HeartbeatSecondsPath',
  'MaxConcurrencyPath',
  'ToleratedFailureCountPath',
  'ToleratedFailurePercentagePath',
  'ErrorPath',
  'CausePath',
  'Variable',
]);

/** Reads the fields of a definition and collects what is wrong with them, each with its place. */
export class Reader {
  readonly problems: string[] = [];
  readonly options: DefinitionOptions;

  constructor(options: DefinitionOptions) {
    this.options = options;
  }

  problem(location: string, message: string, code = 'SCHEMA_VALIDATION_FAILED'): void {
    this.problems.push(`${code}: ${message} at ${location === '' ? '/' : location}`);
  }

  /** Refuses unknown fields and asks for missing ones. */
  fields(object: JsonObject, location: string, { allowed, required }: FieldNames): void {
    for (const name of Object.keys(object)) {
      if (allowed.includes(name)) continue;
      const reason = JSONPATH_FIELDS.has(name)
        ? `The JSONPath field '${name}' is not supported in JSONata`
        : `Field '${name}' is not supported`;
      this.problem(`${location}/${name}`, reason);
    }
    const missing = required.filter((name) => !(name in object));
    if (missing.length > 0) this.problem(location, `These fields are required: [${missing.join(', ')}]`);
  }

  optionalString(object: JsonObject, name: string, location: string): string | undefined {
    const value = object[name];
    if (value === undefined || typeof value === 'string') return value;
    this.problem(`${location}/${name}`, `Expected value of type String, but was ${typeNameOf(value)}`);
    return undefined;
  }

  optionalInteger(
    object: JsonObject,
    name: string,
    location: string,
    { least }: { least: number },
  ): number | undefined {
    const value = this.optionalNumber(object, name, location, { least });
    if (value === undefined || Number.isInteger(value)) return value;
    this.problem(`${location}/${name}`, 'Expected value of type Integer');
    return undefined;
  }

  optionalNumber(
    object: JsonObject,
    name: string,
    location: string,
    { least }: { least: number },
  ): number | undefined {
    const value = object[name];
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= least) return value;
    this.problem(`${location}/${name}`, `Expected a number of at least ${least}`);
    return undefined;
  }

  object(value: Json | undefined, location: string): JsonObject | undefined {
    if (isJsonObject(value)) return value;
    if (value !== undefined) this.problem(location, 'Expected value of type Object');
    return undefined;
  }

  array(value: Json | undefined, location: string, { least }: { least: number }): Json[] {
    if (Array.isArray(value) && value.length >= least) return value;
    if (value !== undefined)
      this.problem(location, `Expected value of type Array with at least ${least} entries`);
    return [];
  }

  /** A field that may hold expressions. `field` is what the history calls it. */
  template(value: Json | undefined, location: string, field: string): Template | undefined {
    if (value === undefined) return undefined;
    return this.#compile(location, () => compileTemplate(value, field, this.options.sources));
  }

  /** As `template`, for a field of one kind: a constant is checked now, an expression when it is evaluated. */
  typed(
    value: Json | undefined,
    location: string,
    field: string,
    expectation: Expectation,
  ): Template | undefined {
    if (value === undefined) return undefined;
    if (!isExpression(value) && !expectation.accepts(value)) {
      this.problem(location, `Expected value of type ${expectation.name}, but was ${JSON.stringify(value)}`);
      return undefined;
    }
    return this.#compile(location, () => compileTyped(value, field, expectation, this.options.sources));
  }

  #compile(location: string, compile: () => Template): Template | undefined {
    try {
      return compile();
    } catch (error) {
      this.problem(location, `Invalid JSONata expression: ${(error as Error).message}`);
      return undefined;
    }
  }
}
