import type { Catcher, ErrorHandling, Exit } from './definition.ts';
import type { Reader } from './definition-reader.ts';
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
export const LONGEST_NAME = 80;
const VARIABLE_NAME = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;

export function readExit(
  definition: JsonObject,
  location: string,
  prefix: string,
  scope: Surroundings,
): Exit {
  const { End } = definition;
  if ((End === true) === (definition['Next'] !== undefined) || (End !== undefined && End !== true))
    scope.reader.problem(location, "Exactly one of 'Next' and 'End': true is required");
  return readTarget(definition, 'Next', location, prefix, scope);
}

export function readTarget(
  definition: JsonObject,
  name: 'Next' | 'Default',
  location: string,
  prefix: string,
  scope: Surroundings,
): Exit {
  const { reader } = scope;
  const place = `${location}/Assign`;
  const assign = reader.object(definition['Assign'], place);
  for (const variable of Object.keys(assign ?? {})) {
    if (!VARIABLE_NAME.test(variable) || variable.length > LONGEST_NAME || variable === 'states')
      reader.problem(`${place}/${variable}`, `Invalid variable name: ${variable}`);
    if (scope.outerVariables.has(variable))
      reader.problem(`${place}/${variable}`, `The variable '${variable}' belongs to an outer scope`);
  }
  return {
    ...readOutput(definition, location, prefix, scope),
    ...given({
      assign: reader.template(assign, place, `${prefix}Assign`),
      next: reader.optionalString(definition, name, location),
    }),
  };
}

export function readOutput(
  definition: JsonObject,
  location: string,
  prefix: string,
  { reader }: Surroundings,
): Exit {
  return given({ output: reader.template(definition['Output'], `${location}/Output`, `${prefix}Output`) });
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
      return [{ errorEquals, ...readTarget(catcher, 'Next', place, `Catch[${index}]/`, scope) }];
    }),
  };
}

function readRetrier(retrier: JsonObject, place: string, last: boolean, reader: Reader): Retrier {
  reader.fields(retrier, place, RETRIER_FIELDS);
  const jitter = reader.optionalString(retrier, 'JitterStrategy', place);
  if (jitter !== undefined && jitter !== 'FULL' && jitter !== 'NONE')
    reader.problem(`${place}/JitterStrategy`, 'Expected one of [FULL, NONE]');
  return {
    errorEquals: readErrorEquals(retrier, place, last, reader),
    intervalSeconds: reader.optionalInteger(retrier, 'IntervalSeconds', place, { least: 1 }) ?? 1,
    backoffRate: reader.optionalNumber(retrier, 'BackoffRate', place, { least: 1 }) ?? 2,
    maxAttempts: reader.optionalInteger(retrier, 'MaxAttempts', place, { least: 0 }) ?? 3,
    maxDelaySeconds:
      reader.optionalInteger(retrier, 'MaxDelaySeconds', place, { least: 1 }) ?? Number.MAX_VALUE,
    jitter: jitter === 'FULL',
  };
}

/** `States.ALL` stands alone and last (https://states-language.net/spec.html#errors). */
function readErrorEquals(entry: JsonObject, place: string, last: boolean, reader: Reader): string[] {
  const location = `${place}/ErrorEquals`;
  const names = reader.array(entry['ErrorEquals'], location, { least: 1 });
  const strings = names.filter((name) => typeof name === 'string');
  if (strings.length < names.length) reader.problem(location, 'Expected value of type Array of String');
  if (strings.includes('States.ALL') && (names.length > 1 || !last))
    reader.problem(location, "'States.ALL' must stand alone, in the last entry");
  return strings;
}

/** Without the members that are undefined. */
export function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
