import type { Scope, State } from './definition.ts';
import type { FieldNames, Reader } from './definition-reader.ts';
import {
  given,
  LONGEST_NAME,
  readErrorHandling,
  readExit,
  readOutput,
  readTarget,
  type Surroundings,
} from './exit-reader.ts';
import { EXPECT } from './expressions.ts';
import { integrationFor } from './integrations.ts';
import { isJsonObject, type Json, type JsonObject } from './json.ts';

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
const BRANCH_FIELDS = { allowed: ['Comment', 'StartAt', 'States'], required: ['StartAt', 'States'] };
const PROCESSOR_FIELDS = { ...BRANCH_FIELDS, allowed: [...BRANCH_FIELDS.allowed, 'ProcessorConfig'] };

/** Reads `StartAt` and `States`, and checks that every state exists and is reached. */
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
    if (name.length > LONGEST_NAME)
      reader.problem(place, `A state's name is at most ${LONGEST_NAME} characters`);
    if (outer.stateNames.has(name))
      reader.problem(place, `Duplicate state name: ${name}`, 'DUPLICATE_STATE_NAME');
    outer.stateNames.add(name);
    const state = readState(definition, place, outer, inner);
    if (state !== undefined) states.set(name, state);
  }
  checkTransitions(startAt, new Map(definitions), location, reader);
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
  startAt: string,
  states: ReadonlyMap<string, JsonObject>,
  location: string,
  reader: Reader,
): void {
  const reached = new Set<string>();
  const follow = (target: Json | undefined, place: string): void => {
    if (typeof target !== 'string' || reached.has(target)) return;
    const state = states.get(target);
    if (state === undefined) {
      reader.problem(place, `Missing target state: ${target}`, 'MISSING_TRANSITION_TARGET');
      return;
    }
    reached.add(target);
    const from = `${location}/States/${target}`;
    follow(state['Next'], `${from}/Next`);
    follow(state['Default'], `${from}/Default`);
    for (const list of ['Choices', 'Catch']) {
      entriesOf(state[list]).forEach((entry, index) => {
        follow(entry['Next'], `${from}/${list}[${index}]/Next`);
      });
    }
  };
  follow(startAt, `${location}/StartAt`);
  for (const name of states.keys()) {
    if (reached.has(name)) continue;
    reader.problem(
      `${location}/States/${name}`,
      `State "${name}" is not reachable`,
      'MISSING_TRANSITION_TARGET',
    );
  }
}

/** Reads one state. Its own variables are checked against `scope`, those of states within it against `inner`. */
export function readState(
  definition: JsonObject,
  location: string,
  scope: Surroundings,
  inner: Surroundings,
): State | undefined {
  const { reader } = scope;
  const type = definition['Type'];
  if (typeof type !== 'string' || !(type in STATE_FIELDS)) {
    reader.problem(`${location}/Type`, `Expected one of [${Object.keys(STATE_FIELDS).join(', ')}]`);
    return undefined;
  }
  const fields = STATE_FIELDS[type as keyof typeof STATE_FIELDS];
  reader.fields(definition, location, {
    allowed: ['Type', 'Comment', 'QueryLanguage', ...fields.allowed],
    required: fields.required,
  });
  reader.optionalString(definition, 'Comment', location);
  const language = reader.optionalString(definition, 'QueryLanguage', location) ?? scope.queryLanguage;
  if (language !== 'JSONata') {
    reader.problem(`${location}/QueryLanguage`, `The query language must be JSONata, but is ${language}`);
  }
  const field = (name: string) => [definition[name], `${location}/${name}`, name] as const;
  switch (type as keyof typeof STATE_FIELDS) {
    case 'Pass':
      return { type: 'Pass', ...readExit(definition, location, '', scope) };
    case 'Succeed':
      return { type: 'Succeed', ...readOutput(definition, location, '', scope) };
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
        ...readExit(definition, location, '', scope),
        ...given({
          seconds: reader.typed(...field('Seconds'), EXPECT.naturalNumber),
          timestamp: reader.typed(...field('Timestamp'), EXPECT.string),
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
        ...readExit(definition, location, '', scope),
        ...readErrorHandling(definition, location, scope),
        ...given({ arguments: reader.template(...field('Arguments')) }),
        branches: readBranches(definition, location, inner),
      };
    case 'Map':
      return readMap(definition, location, scope, inner);
  }
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
    return condition === undefined ? [] : [{ condition, ...readTarget(rule, 'Next', place, prefix, scope) }];
  });
  const otherwise = readTarget(definition, 'Default', location, '', scope);
  return { type: 'Choice', choices, ...(definition['Default'] === undefined ? {} : { otherwise }) };
}

function readTask(definition: JsonObject, location: string, scope: Surroundings): State | undefined {
  const { reader } = scope;
  const field = (name: string) => [definition[name], `${location}/${name}`, name] as const;
  const exit = readExit(definition, location, '', scope);
  const handling = readErrorHandling(definition, location, scope);
  const templates = given({
    arguments: reader.template(...field('Arguments')),
    timeoutSeconds: reader.typed(...field('TimeoutSeconds'), EXPECT.positiveInteger),
    heartbeatSeconds: reader.typed(...field('HeartbeatSeconds'), EXPECT.positiveInteger),
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
  const exit = readExit(definition, location, '', scope);
  const handling = readErrorHandling(definition, location, scope);
  const templates = given({
    items: reader.typed(...field('Items'), EXPECT.array),
    itemSelector: reader.template(...field('ItemSelector')),
    maxConcurrency: reader.typed(...field('MaxConcurrency'), EXPECT.naturalNumber),
  });
  const tolerances = [
    reader.typed(...field('ToleratedFailureCount'), EXPECT.naturalNumber),
    reader.typed(...field('ToleratedFailurePercentage'), EXPECT.percentage),
  ].filter((template) => template !== undefined);
  const place = `${location}/ItemProcessor`;
  const processor = reader.object(definition['ItemProcessor'], place);
  if (processor === undefined) return undefined;
  reader.fields(processor, place, PROCESSOR_FIELDS);
  const config = reader.object(processor['ProcessorConfig'], `${place}/ProcessorConfig`);
  if (config !== undefined)
    reader.fields(config, `${place}/ProcessorConfig`, { allowed: ['Mode'], required: [] });
  if (config?.['Mode'] !== undefined && config['Mode'] !== 'INLINE')
    reader.problem(`${place}/ProcessorConfig/Mode`, 'The only supported mode is INLINE');
  return {
    type: 'Map',
    ...exit,
    ...handling,
    ...templates,
    tolerances,
    processor: readScope(processor, place, inner),
  };
}
