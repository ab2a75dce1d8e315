import type { Scope, State } from './definition.ts';
import type { FieldNames, Reader } from './definition-reader.ts';
import {
  given,
  isTooLong,
  LONGEST_NAME,
  readErrorHandling,
  readExit,
  readOutput,
  readTarget,
  type Surroundings,
} from './exit-reader.ts';
import { EXPECT, isExpression, type Template } from './expressions.ts';
import { integrationFor } from './integrations.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';
import { epochMillisecondsOf } from './timestamps.ts';

const TRANSITION = ['Next', 'End'];
const EXIT = ['Assign', 'Output'];
const ERROR_HANDLING = ['Retry', 'Catch'];

const STATE_FIELDS = {
  Pass: { allowed: [...TRANSITION, ...EXIT], required: [] },
  Succeed: { allowed: ['Output'], required: [] },
  Fail: { allowed: ['Error', 'Cause'], required: [] },
  Wait: { allowed: [...TRANSITION, ...EXIT, 'Seconds', 'Timestamp'], required: [] },
  Choice: { allowed: [...EXIT, 'Choices', 'Default'], required: ['Choices'] },
  Task: {
    allowed: [
      ...TRANSITION,
      ...EXIT,
      ...ERROR_HANDLING,
      'Resource',
      'Arguments',
      'TimeoutSeconds',
      'HeartbeatSeconds',
    ],
    required: ['Resource'],
  },
  Parallel: {
    allowed: [...TRANSITION, ...EXIT, ...ERROR_HANDLING, 'Branches', 'Arguments'],
    required: ['Branches'],
  },
  Map: {
    allowed: [
      ...TRANSITION,
      ...EXIT,
      ...ERROR_HANDLING,
      'Items',
      'ItemSelector',
      'ItemProcessor',
      'MaxConcurrency',
      'ToleratedFailureCount',
      'ToleratedFailurePercentage',
    ],
    required: ['ItemProcessor'],
  },
} as const satisfies Record<string, FieldNames>;

const RULE_FIELDS = {
  allowed: ['Condition', 'Next', 'Assign', 'Output', 'Comment'],
  required: ['Condition', 'Next'],
};
const BRANCH_FIELDS = { allowed: ['Comment', 'StartAt', 'States'], required: ['States', 'StartAt'] };
export const QUERY_LANGUAGES = ['JSONPath', 'JSONata'] as const;
const STATE_TYPES = Object.keys(STATE_FIELDS) as (keyof typeof STATE_FIELDS)[];
const PROCESSOR_FIELDS = { ...BRANCH_FIELDS, allowed: [...BRANCH_FIELDS.allowed, 'ProcessorConfig'] };

/** Reads `StartAt` and `States`, and checks that every state that is named exists, and every one is reached. */
export function readScope(object: JsonObject, location: string, outer: Surroundings): Scope {
  const { reader } = outer;
  const startAt = reader.optionalString(object, 'StartAt', location) ?? '';
  const members = Object.entries(reader.object(object['States'], `${location}/States`) ?? {});
  const definitions = members.flatMap(([name, value]) => {
    const definition = reader.object(value, `${location}/States/${name}`);
    return definition === undefined ? [] : ([[name, definition]] as const);
  });
  const assigned = new Set(definitions.flatMap(([, definition]) => assignedBy(definition)));
  const inner = { ...outer, outerVariables: new Set([...outer.outerVariables, ...assigned]) };
  const states = new Map<string, State>();
  for (const [name, definition] of definitions) {
    const place = `${location}/States/${name}`;
    if (isTooLong(name)) reader.problem(place, `A state's name is at most ${LONGEST_NAME} characters`);
    if (outer.stateNames.has(name))
      reader.problem(place, `Duplicate state name: ${name}`, 'DUPLICATE_STATE_NAME');
    outer.stateNames.add(name);
    const state = readState(definition, place, outer, inner);
    if (state !== undefined) states.set(name, state);
  }
  checkTransitions(object['StartAt'], new Map(definitions), location, reader);
  return { startAt, states };
}

/** The variables that a state assigns on any of its ways out. */
function assignedBy(definition: JsonObject): string[] {
  const exits = [definition, ...entriesOf(definition['Choices']), ...entriesOf(definition['Catch'])];
  return exits.flatMap(({ Assign }) => (isJsonObject(Assign) ? Object.keys(Assign) : []));
}

function entriesOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function checkTransitions(
  startAt: Json | undefined,
  states: ReadonlyMap<string, JsonObject>,
  location: string,
  reader: Reader,
): void {
  if (typeof startAt !== 'string' || states.size === 0) return;
  const start = { field: 'StartAt', target: startAt, place: `${location}/StartAt` };
  const ways = new Map(
    [...states].map(([name, state]) => [name, waysOutOf(state, `${location}/States/${name}`)]),
  );
  for (const { field, target, place } of [start, ...[...ways.values()].flat()]) {
    if (!states.has(target))
      reader.problem(place, `Missing '${field}' target: ${target}`, 'MISSING_TRANSITION_TARGET');
  }
  // AWS asks this of the machine's own states only, and then does not ask which of them are reached.
  if (location === '' && ![...states.values()].some(isTerminal)) {
    reader.problem(null, 'Workflow has no terminal state', 'MISSING_END_STATE');
    return;
  }
  const reached = new Set([startAt]);
  for (const name of reached) for (const { target } of ways.get(name) ?? []) reached.add(target);
  for (const name of states.keys()) {
    if (!reached.has(name))
      reader.problem(
        `${location}/States/${name}`,
        `State "${name}" is not reachable.`,
        'MISSING_TRANSITION_TARGET',
      );
  }
}

function isTerminal({ Type, End }: JsonObject): boolean {
  return End === true || Type === 'Succeed' || Type === 'Fail';
}

/** The transitions that a state can take, each with its place. */
function waysOutOf(state: JsonObject, place: string): { field: string; target: string; place: string }[] {
  const entries = ['Choices', 'Catch'].flatMap((list) =>
    entriesOf(state[list]).map((entry, index) => [`${place}/${list}[${index}]`, entry] as const),
  );
  return [[place, state] as const, ...entries].flatMap(([from, holder]) =>
    ['Next', 'Default'].flatMap((field) => {
      const target = holder[field];
      return typeof target === 'string' ? [{ field, target, place: `${from}/${field}` }] : [];
    }),
  );
}

/** Reads one state. Its own variables are checked against `scope`, those of states within it against `inner`. */
export function readState(
  definition: JsonObject,
  location: string,
  scope: Surroundings,
  inner: Surroundings,
): State | undefined {
  const { reader } = scope;
  const type = reader.optionalOneOf(definition, 'Type', location, STATE_TYPES);
  if (definition['Type'] === undefined) reader.problem(location, 'These fields are required: [Type]');
  if (type === undefined || !isInJsonata(definition, location, scope)) return undefined;
  const fields = STATE_FIELDS[type];
  reader.fields(definition, location, {
    allowed: ['Type', 'Comment', 'QueryLanguage', ...fields.allowed],
    required: fields.required,
  });
  reader.optionalString(definition, 'Comment', location);
  const field = (name: string) => [definition[name], `${location}/${name}`, name] as const;
  switch (type) {
    case 'Pass':
      return { type: 'Pass', ...readExit(definition, location, scope) };
    case 'Succeed':
      return { type: 'Succeed', ...readOutput(definition, location, { prefix: '' }, scope) };
    case 'Fail':
      return {
        type: 'Fail',
        ...given({
          error: reader.typed(...field('Error'), EXPECT.string),
          cause: reader.typed(...field('Cause'), EXPECT.string),
        }),
      };
    case 'Wait': {
      if ('Seconds' in definition === 'Timestamp' in definition)
        reader.problem(location, "Exactly one of 'Seconds' and 'Timestamp' is required");
      return {
        type: 'Wait',
        ...readExit(definition, location, scope),
        ...given({
          seconds: reader.typed(...field('Seconds'), EXPECT.seconds),
          timestamp: readTimestamp(...field('Timestamp'), reader),
        }),
      };
    }
    case 'Choice':
      return readChoice(definition, location, scope);
    case 'Task':
      return readTask(definition, location, scope);
    case 'Parallel':
      return {
        type: 'Parallel',
        ...readExit(definition, location, scope, 'result'),
        ...readErrorHandling(definition, location, scope),
        ...given({ arguments: reader.template(...field('Arguments')) }),
        branches: readBranches(definition, location, inner),
      };
    case 'Map':
      return readMap(definition, location, scope, inner);
  }
}

/** What a state in JSONPath holds is not looked at: it would all be refused, for the one reason. */
function isInJsonata(definition: JsonObject, location: string, scope: Surroundings): boolean {
  const { reader, queryLanguage } = scope;
  const own = reader.optionalOneOf(definition, 'QueryLanguage', location, QUERY_LANGUAGES);
  if ((own ?? queryLanguage) === 'JSONata') return true;
  if (queryLanguage === 'JSONata')
    reader.problem(
      location,
      "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
    );
  else reader.problem(`${location}/QueryLanguage`, 'The query language must be JSONata, but is JSONPath');
  return false;
}

/** A constant is checked now; what an expression gives, when the state waits. */
function readTimestamp(
  value: Json | undefined,
  location: string,
  field: string,
  reader: Reader,
): Template | undefined {
  if (typeof value === 'string' && !isExpression(value) && epochMillisecondsOf(value) === undefined)
    reader.problem(location, 'Expected an ISO-8601 date and time with its offset');
  return reader.typed(value, location, field, EXPECT.string);
}

function readChoice(definition: JsonObject, location: string, scope: Surroundings): State {
  const { reader } = scope;
  const rules = reader.array(definition['Choices'], `${location}/Choices`, { least: 1 });
  const choices = rules.flatMap((value, index) => {
    const place = `${location}/Choices[${index}]`;
    const prefix = `Choices[${index}]/`;
    const rule = reader.object(value, place);
    if (rule === undefined) return [];
    reader.fields(rule, place, RULE_FIELDS);
    const condition = reader.typed(
      rule['Condition'],
      `${place}/Condition`,
      `${prefix}Condition`,
      EXPECT.boolean,
    );
    const exit = readTarget(rule, 'Next', place, { prefix }, scope);
    return condition === undefined ? [] : [{ condition, ...exit }];
  });
  const otherwise = readTarget(definition, 'Default', location, { prefix: '' }, scope);
  return { type: 'Choice', choices, ...(definition['Default'] === undefined ? {} : { otherwise }) };
}

function readTask(definition: JsonObject, location: string, scope: Surroundings): State | undefined {
  const { reader } = scope;
  const field = (name: string) => [definition[name], `${location}/${name}`, name] as const;
  const exit = readExit(definition, location, scope, 'result');
  const handling = readErrorHandling(definition, location, scope);
  const templates = given({
    arguments: reader.template(...field('Arguments')),
    timeoutSeconds: reader.typed(...field('TimeoutSeconds'), EXPECT.timeout),
    heartbeatSeconds: reader.typed(...field('HeartbeatSeconds'), EXPECT.timeout),
  });
  const { TimeoutSeconds: timeout, HeartbeatSeconds: heartbeat } = definition;
  if (typeof timeout === 'number' && typeof heartbeat === 'number' && heartbeat >= timeout)
    reader.problem(`${location}/HeartbeatSeconds`, 'HeartbeatSeconds must be smaller than TimeoutSeconds');
  const resource = reader.optionalString(definition, 'Resource', location);
  if (resource === undefined) return undefined;
  const integration = integrationFor(resource, reader.options.integrations);
  if (integration === undefined) {
    reader.problem(`${location}/Resource`, `The resource provided ${resource} is not recognized`);
    return undefined;
  }
  const { parameters } = integration;
  const argumentsGiven = definition['Arguments'];
  if (parameters !== undefined && typeof argumentsGiven !== 'string') {
    const names = {
      allowed: [...parameters.required, ...parameters.optional],
      required: parameters.required,
    };
    reader.fields(
      reader.object(argumentsGiven, `${location}/Arguments`) ?? {},
      `${location}/Arguments`,
      names,
    );
  }
  return { type: 'Task', resource, integration, ...exit, ...handling, ...templates };
}

function readBranches(definition: JsonObject, location: string, inner: Surroundings): Scope[] {
  const { reader } = inner;
  return reader
    .array(definition['Branches'], `${location}/Branches`, { least: 1 })
    .flatMap((value, index) => {
      const place = `${location}/Branches[${index}]`;
      const branch = reader.object(value, place);
      if (branch === undefined) return [];
      reader.fields(branch, place, BRANCH_FIELDS);
      return [readScope(branch, place, inner)];
    });
}

function readMap(
  definition: JsonObject,
  location: string,
  scope: Surroundings,
  inner: Surroundings,
): State | undefined {
  const { reader } = scope;
  const field = (name: string) => [definition[name], `${location}/${name}`, name] as const;
  const exit = readExit(definition, location, scope, 'result');
  const handling = readErrorHandling(definition, location, scope);
  const templates = given({
    items: reader.typed(...field('Items'), EXPECT.array),
    itemSelector: reader.template(...field('ItemSelector')),
    maxConcurrency: reader.typed(...field('MaxConcurrency'), EXPECT.count),
  });
  const tolerances = [
    reader.typed(...field('ToleratedFailureCount'), EXPECT.count),
    reader.typed(...field('ToleratedFailurePercentage'), EXPECT.percentage),
  ].filter((template) => template !== undefined);
  const place = `${location}/ItemProcessor`;
  const processor = reader.object(definition['ItemProcessor'], place);
  if (processor === undefined) return undefined;
  reader.fields(processor, place, PROCESSOR_FIELDS);
  const config = reader.object(processor['ProcessorConfig'], `${place}/ProcessorConfig`);
  if (config !== undefined)
    reader.fields(config, `${place}/ProcessorConfig`, { allowed: ['Mode'], required: [] });
  reader.optionalOneOf(config ?? {}, 'Mode', `${place}/ProcessorConfig`, ['INLINE']);
  return {
    type: 'Map',
    ...exit,
    ...handling,
    ...templates,
    tolerances,
    processor: readScope(processor, place, inner),
  };
}
