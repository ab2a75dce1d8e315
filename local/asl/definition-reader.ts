import type { DefinitionOptions } from './definition.ts';
import type { Fact } from './expression-check.ts';
import {
  type Compilation,
  compileTemplate,
  compileTyped,
  type Expectation,
  isExpression,
  type Template,
} from './expressions.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

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

/**
 * Reads the fields of a definition and collects what is wrong with them, each with its place. As on AWS, the
 * place of a field that must not be there is the object that holds it, and the message names the field.
 */
export class Reader {
  readonly problems: string[] = [];
  readonly options: DefinitionOptions;

  constructor(options: DefinitionOptions) {
    this.options = options;
  }

  /** `location` is null where the problem is the whole machine's; AWS writes it so. */
  problem(location: string | null, message: string, code = 'SCHEMA_VALIDATION_FAILED'): void {
    this.problems.push(`${code}: ${message} at ${location === '' ? '/' : location}`);
  }

  /** Refuses unknown fields and asks for missing ones. */
  fields(object: JsonObject, location: string, { allowed, required }: FieldNames): void {
    for (const name of Object.keys(object)) {
      if (allowed.includes(name)) continue;
      const reason = JSONPATH_FIELDS.has(name)
        ? `The QueryLanguage is set to 'JSONata', but field '${name}' is only supported for the 'JSONPath' QueryLanguage`
        : `Field '${name}' is not supported`;
      this.problem(location, reason);
    }
    const missing = required.filter((name) => !(name in object));
    if (missing.length > 0) this.problem(location, `These fields are required: [${missing.join(', ')}]`);
  }

  optionalString(object: JsonObject, name: string, location: string): string | undefined {
    const value = object[name];
    if (value === undefined || typeof value === 'string') return value;
    this.problem(`${location}/${name}`, 'Expected value of type [STRING]');
    return undefined;
  }

  optionalOneOf<T extends string>(
    object: JsonObject,
    name: string,
    location: string,
    values: readonly T[],
  ): T | undefined {
    const value = this.optionalString(object, name, location);
    const known = values.find((other) => other === value);
    if (value !== undefined && known === undefined)
      this.problem(`${location}/${name}`, `Value should be one of the following: [${values.join(', ')}]`);
    return known;
  }

  optionalInteger(
    object: JsonObject,
    name: string,
    location: string,
    range: { least: number; most: number },
  ): number | undefined {
    const value = this.optionalNumber(object, name, location, range);
    if (value === undefined || Number.isInteger(value)) return value;
    this.problem(`${location}/${name}`, 'Expected value of type [INTEGER]');
    return undefined;
  }

  optionalNumber(
    object: JsonObject,
    name: string,
    location: string,
    { least, most }: { least: number; most: number },
  ): number | undefined {
    const value = object[name];
    if (value === undefined) return undefined;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    this.problem(`${location}/${name}`, `Expected a number from ${least} to ${most}`);
    return undefined;
  }

  object(value: Json | undefined, location: string): JsonObject | undefined {
    if (isJsonObject(value)) return value;
    if (value !== undefined) this.problem(location, 'Expected value of type [OBJECT]');
    return undefined;
  }

  array(value: Json | undefined, location: string, { least }: { least: number }): Json[] {
    if (Array.isArray(value) && value.length >= least) return value;
    if (value !== undefined)
      this.problem(location, `Expected value of type [ARRAY] with at least ${least} entries`);
    return [];
  }

  /** A field that may hold expressions. `field` is what the history calls it. */
  template(value: Json | undefined, location: string, field: string, fact?: Fact): Template | undefined {
    if (value === undefined) return undefined;
    return compileTemplate(value, field, this.#compilation(location, field, fact));
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
      const expected = `[${expectation.name.toUpperCase()}]`;
      this.problem(location, `Expected value of type ${expected}, but was ${JSON.stringify(value)}`);
      return undefined;
    }
    return compileTyped(value, field, expectation, this.#compilation(location, field));
  }

  #compilation(place: string, field: string, fact?: Fact): Compilation {
    return {
      sources: this.options.sources,
      fact,
      refuse: ({ code, message, location }) =>
        this.problem(`${place}${location.slice(field.length)}`, message, code),
    };
  }
}
