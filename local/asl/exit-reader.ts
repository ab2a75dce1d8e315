import type { Catcher, ErrorHandling, Exit } from './definition.ts';
import type { Reader } from './definition-reader.ts';
import type { Fact } from './expression-check.ts';
import { MOST_SECONDS } from './expressions.ts';
import type { JsonObject } from './json.ts';
import type { Retrier } from './retry.ts';

/** What the states of a scope are read with. */
export interface Surroundings {
  readonly reader: Reader;
  /** The query language of states that name none. */
  readonly queryLanguage: string;
  /** Variables that an enclosing scope assigns: an inner scope must not assign them. */
  readonly outerVariables: ReadonlySet<string>;
  /** The names seen so far: a name is used once in a whole machine. */
  readonly stateNames: Set<string>;
}

const CATCHER_FIELDS = {
  allowed: ['ErrorEquals', 'Next', 'Assign', 'Output', 'Comment'],
  required: ['ErrorEquals', 'Next'],
};
const RETRIER_FIELDS = {
  allowed: [
    'ErrorEquals',
    'IntervalSeconds',
    'BackoffRate',
    'MaxAttempts',
    'MaxDelaySeconds',
    'JitterStrategy',
    'Comment',
  ],
  required: ['ErrorEquals'],
};
/** https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html, "Retrier fields". */
const MOST_ATTEMPTS = 99_999_999;
const MOST_DELAY_SECONDS = 31_622_399;
/** Of a state and of a variable, in Unicode characters. */
export const LONGEST_NAME = 80;
const VARIABLE_NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;

/** What the history calls the place of an exit's fields, and what they may read that other fields may not. */
interface ExitFields {
  readonly prefix: string;
  readonly fact?: Fact | undefined;
}

export function readExit(definition: JsonObject, location: string, scope: Surroundings, fact?: Fact): Exit {
  const { End } = definition;
  if ((End === true) === (definition['Next'] !== undefined) || (End !== undefined && End !== true))
    scope.reader.problem(location, "Exactly one of 'Next' and 'End': true is required");
  return readTarget(definition, 'Next', location, { prefix: '', fact }, scope);
}

export function readTarget(
  definition: JsonObject,
  name: 'Next' | 'Default',
  location: string,
  fields: ExitFields,
  scope: Surroundings,
): Exit {
  const { reader } = scope;
  const place = `${location}/Assign`;
  const assign = reader.object(definition['Assign'], place);
  for (const variable of Object.keys(assign ?? {})) {
    if (!VARIABLE_NAME.test(variable) || isTooLong(variable) || variable === 'states')
      reader.problem(`${place}/${variable}`, `Invalid variable name: ${variable}`);
    if (scope.outerVariables.has(variable))
      reader.problem(`${place}/${variable}`, `The variable '${variable}' belongs to an outer scope`);
  }
  return {
    ...readOutput(definition, location, fields, scope),
    ...given({
      assign: reader.template(assign, place, `${fields.prefix}Assign`, fields.fact),
      next: reader.optionalString(definition, name, location),
    }),
  };
}

export function readOutput(
  definition: JsonObject,
  location: string,
  { prefix, fact }: ExitFields,
  { reader }: Surroundings,
): Exit {
  const output = reader.template(definition['Output'], `${location}/Output`, `${prefix}Output`, fact);
  return given({ output });
}

export function readErrorHandling(
  definition: JsonObject,
  location: string,
  scope: Surroundings,
): ErrorHandling {
  const { reader } = scope;
  const retriers = reader.array(definition['Retry'], `${location}/Retry`, { least: 0 });
  const catchers = reader.array(definition['Catch'], `${location}/Catch`, { least: 0 });
  return {
    retry: retriers.flatMap((value, index) => {
      const place = `${location}/Retry[${index}]`;
      const retrier = reader.object(value, place);
      return retrier === undefined
        ? []
        : [readRetrier(retrier, place, index === retriers.length - 1, reader)];
    }),
    catch: catchers.flatMap((value, index): Catcher[] => {
      const place = `${location}/Catch[${index}]`;
      const catcher = reader.object(value, place);
      if (catcher === undefined) return [];
      reader.fields(catcher, place, CATCHER_FIELDS);
      const errorEquals = readErrorEquals(catcher, place, index === catchers.length - 1, reader);
      const fields = { prefix: `Catch[${index}]/`, fact: 'errorOutput' } as const;
      return [{ errorEquals, ...readTarget(catcher, 'Next', place, fields, scope) }];
    }),
  };
}

function readRetrier(retrier: JsonObject, place: string, last: boolean, reader: Reader): Retrier {
  reader.fields(retrier, place, RETRIER_FIELDS);
  const jitter = reader.optionalOneOf(retrier, 'JitterStrategy', place, ['FULL', 'NONE']);
  const integer = (name: string, least: number, most: number) =>
    reader.optionalInteger(retrier, name, place, { least, most });
  const rates = { least: 1, most: Number.MAX_VALUE };
  return {
    errorEquals: readErrorEquals(retrier, place, last, reader),
    intervalSeconds: integer('IntervalSeconds', 1, MOST_SECONDS) ?? 1,
    backoffRate: reader.optionalNumber(retrier, 'BackoffRate', place, rates) ?? 2,
    maxAttempts: integer('MaxAttempts', 0, MOST_ATTEMPTS) ?? 3,
    maxDelaySeconds: integer('MaxDelaySeconds', 1, MOST_DELAY_SECONDS) ?? Number.MAX_VALUE,
    jitter: jitter === 'FULL',
  };
}

/** `States.ALL` stands alone and last (https://states-language.net/spec.html#errors). */
function readErrorEquals(entry: JsonObject, place: string, last: boolean, reader: Reader): string[] {
  const location = `${place}/ErrorEquals`;
  const names = reader.array(entry['ErrorEquals'], location, { least: 1 });
  const strings = names.filter((name) => typeof name === 'string');
  if (strings.length < names.length) reader.problem(location, 'Expected value of type [ARRAY] of [STRING]');
  if (strings.includes('States.ALL') && (names.length > 1 || !last))
    reader.problem(location, "'States.ALL' must stand alone, in the last entry");
  return strings;
}

export function isTooLong(name: string): boolean {
  return [...name].length > LONGEST_NAME;
}

/** Without the members that are undefined. */
export function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
