import { type DetailedError, type PolicyJson, schemaToJson } from '@cedar-policy/cedar-wasm/nodejs';
import {
  type ActionFacts,
  ANY,
  type Attributes,
  type AttributeType,
  type CompiledPolicies,
  type CompiledPolicy,
  type EntityUid,
  keyOf,
} from './compiled-policies.ts';

/** What every decision's context holds; an action's schema may ask for more. */
const OWN_CONTEXT = ['channel', 'assurance', 'approved', 'delegated', 'requested_duration_seconds'];

/** What a schema says that is needed where it decides. */
export interface SchemaFacts {
  readonly resources: CompiledPolicies['resources'];
  /** The keys of what a policy can be about, by its scope. */
  readonly scopeOf: (
    policy: Pick<PolicyJson, 'principal' | 'action' | 'resource'>,
  ) => CompiledPolicy['scope'];
}

/** A type of the schema, as Cedar's JSON form writes it. */
interface SchemaType {
  readonly type: string;
  readonly name?: string;
  readonly element?: SchemaType;
  readonly required?: boolean;
  readonly attributes?: Readonly<Record<string, SchemaType>>;
}

interface Namespace {
  readonly commonTypes?: Readonly<Record<string, SchemaType>>;
  readonly entityTypes: Readonly<Record<string, { readonly shape?: SchemaType }>>;
  readonly actions: Readonly<
    Record<
      string,
      {
        readonly memberOf?: readonly { readonly type?: string; readonly id: string }[];
        readonly appliesTo?: {
          readonly principalTypes: readonly string[];
          readonly resourceTypes: readonly string[];
          readonly context?: SchemaType;
        };
      }
    >
  >;
}

/**
 * Reads a schema (https://docs.cedarpolicy.com/schema/json-schema.html). AuthZEN names resources by one word and actions
 * without a type: a resource type is called by the last part of its name in snake case, and an action by its id.
 */
export function factsOf(schema: string): SchemaFacts | { readonly problem: DetailedError } {
  const answer = schemaToJson(schema);
  const [error] = answer.type === 'failure' ? answer.errors : [];
  if (answer.type === 'failure') return { problem: error ?? problem('the schema does not parse') };
  const namespaces = Object.entries(answer.json as unknown as Record<string, Namespace>);
  const shapes = new Map<string, SchemaType | undefined>();
  const commonTypes = new Map<string, SchemaType>();
  for (const [namespace, { entityTypes, commonTypes: common = {} }] of namespaces) {
    for (const [name, { shape }] of Object.entries(entityTypes))
      shapes.set(qualified(namespace, name), shape);
    for (const [name, type] of Object.entries(common)) commonTypes.set(qualified(namespace, name), type);
  }

  /** A name means what its own namespace calls so, else what the whole schema does. */
  const entityType = (namespace: string, name: string): string =>
    shapes.has(qualified(namespace, name)) ? qualified(namespace, name) : name;
  const attributesOf = (namespace: string, record: SchemaType | undefined): Attributes =>
    Object.fromEntries(
      Object.entries(record?.attributes ?? {}).flatMap(([name, type]) => {
        const known = attributeType(type, (of) => {
          const referred = entityType(namespace, of);
          return shapes.has(referred) ? referred : undefined;
        });
        return known === undefined ? [] : [[name, known]];
      }),
    );
  const contextOf = (namespace: string, context: SchemaType | undefined): Attributes => {
    const name = context?.name ?? context?.type ?? '';
    const record = commonTypes.get(qualified(namespace, name)) ?? commonTypes.get(name) ?? context;
    const own = new Set(OWN_CONTEXT);
    return Object.fromEntries(
      Object.entries(attributesOf(namespace, record)).filter(([attribute]) => !own.has(attribute)),
    );
  };

  const parents = new Map<string, readonly EntityUid[]>();
  for (const [namespace, { actions }] of namespaces)
    for (const [id, { memberOf = [] }] of Object.entries(actions))
      parents.set(
        keyOf({ type: qualified(namespace, 'Action'), id }),
        memberOf.map((group) => ({ type: group.type ?? qualified(namespace, 'Action'), id: group.id })),
      );
  const groupsOf = (action: EntityUid): EntityUid[] => {
    const above = new Map<string, EntityUid>();
    const climb = (from: EntityUid) => {
      for (const group of parents.get(keyOf(from)) ?? []) {
        if (above.has(keyOf(group))) continue;
        above.set(keyOf(group), group);
        climb(group);
      }
    };
    climb(action);
    return [...above.values()];
  };

  const resources: Record<
    string,
    { entityType: string; attributes: Attributes; actions: Record<string, ActionFacts> }
  > = {};
  const members = new Map<string, string[]>();
  for (const [namespace, { actions }] of namespaces) {
    for (const [id, { appliesTo }] of Object.entries(actions)) {
      const uid = { type: qualified(namespace, 'Action'), id };
      const groups = groupsOf(uid);
      for (const group of [uid, ...groups])
        members.set(keyOf(group), [...(members.get(keyOf(group)) ?? []), keyOf(uid)]);
      const facts: ActionFacts = {
        uid,
        groups,
        principals: (appliesTo?.principalTypes ?? []).map((name) => entityType(namespace, name)),
        context: contextOf(namespace, appliesTo?.context),
      };
      for (const name of appliesTo?.resourceTypes ?? []) {
        const type = entityType(namespace, name);
        const word = wordFor(type);
        const known = resources[word] ?? {
          entityType: type,
          attributes: attributesOf(namespaceOf(type), shapes.get(type)),
          actions: {},
        };
        if (known.entityType !== type)
          return { problem: problem(`${known.entityType} and ${type} would both be called ${word}`) };
        if (known.actions[id] !== undefined)
          return { problem: problem(`two actions on ${type} are called ${id}`) };
        known.actions[id] = facts;
        resources[word] = known;
      }
    }
  }

  return {
    resources,
    scopeOf: ({ principal, action, resource }) => ({
      actions: actionsIn(action).flatMap((key) => (key === ANY ? [ANY] : (members.get(key) ?? []))),
      principal: partKey(principal),
      resource: partKey(resource),
    }),
  };
}

/** The keys of the actions, or groups of them, that a scope names. */
function actionsIn(action: PolicyJson['action']): string[] {
  if (action.op === 'All') return [ANY];
  const named = 'entities' in action ? action.entities : 'entity' in action ? [action.entity] : [];
  return named.map((uid) => keyOf(uid as EntityUid));
}

/** The narrowest thing that the scope says of a principal or a resource. */
function partKey(part: PolicyJson['principal'] | PolicyJson['resource']): string {
  if (part.op === 'is') {
    const within = part.in !== undefined && 'entity' in part.in ? part.in.entity : undefined;
    return within === undefined ? part.entity_type : keyOf(within as EntityUid);
  }
  return 'entity' in part ? keyOf(part.entity as EntityUid) : ANY;
}

function attributeType(
  { type, name = '', element, required = true }: SchemaType,
  entityType: (name: string) => string | undefined,
): AttributeType | undefined {
  const scalar = scalarOf({ type, name });
  if (scalar !== undefined) return { type: scalar, required };
  if (type === 'Set' && element !== undefined) {
    const of = scalarOf(element);
    return of === undefined ? undefined : { type: 'Set', of, required };
  }
  const referred = entityType(name || type);
  return referred === undefined ? undefined : { type: 'Entity', entityType: referred, required };
}

function scalarOf({ type, name = '' }: SchemaType): 'String' | 'Long' | 'Boolean' | undefined {
  const called = (name || type).replace(/^__cedar::/, '');
  if (called === 'Bool') return 'Boolean';
  return called === 'String' || called === 'Long' || called === 'Boolean' ? called : undefined;
}

function qualified(namespace: string, name: string): string {
  return namespace === '' || name.includes('::') ? name : `${namespace}::${name}`;
}

function namespaceOf(type: string): string {
  return type.split('::').slice(0, -1).join('::');
}

/** `Shop::PurchaseOrder` → `purchase_order`. */
function wordFor(type: string): string {
  const last = type.split('::').at(-1) ?? type;
  return last.replaceAll(/(?<!^)([A-Z])/g, '_$1').toLowerCase();
}

function problem(message: string): DetailedError {
  return { message } as DetailedError;
}
