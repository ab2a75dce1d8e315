import * as z from 'zod';
import { Duration } from '../platform/duration.ts';

/** The annotations that a permit may carry; `@id` has become the policy's id. */
export const PolicyAnnotations = z.strictObject({
  /** The longest grant that the permit allows. */
  max_duration: Duration.optional(),
  /** The group whose approval the permit wants; it then asks for `context.approved`. */
  approvers: z.string().min(1).optional(),
  /** How many distinct approvers; 1 where it is not said. */
  quorum: z
    .string()
    .regex(/^[1-9]\d?$/, { message: 'must be a whole number from 1 to 99' })
    .optional(),
  /** The least assurance of each approver. */
  approver_assurance: z.enum(['nist-aal1', 'nist-aal2', 'nist-aal3']).optional(),
});

const scalars = ['String', 'Long', 'Boolean'] as const;

/** What an attribute may be whose value comes from outside: a scalar, a set of them, or a reference to an entity. */
const AttributeType = z.discriminatedUnion('type', [
  z.object({ type: z.enum(scalars), required: z.boolean() }),
  z.object({ type: z.literal('Set'), of: z.enum(scalars), required: z.boolean() }),
  z.object({ type: z.literal('Entity'), entityType: z.string(), required: z.boolean() }),
]);
export type AttributeType = z.infer<typeof AttributeType>;

/** The attributes of an entity, or of a context, by name. */
const Attributes = z.record(z.string(), AttributeType);
export type Attributes = z.infer<typeof Attributes>;

const EntityUid = z.object({ type: z.string(), id: z.string() });
export type EntityUid = z.infer<typeof EntityUid>;

/** What the schema says of an action on one type of resource. */
const ActionFacts = z.object({
  uid: EntityUid,
  /** The groups that it is in, those above them too: without them `action in …` holds for nothing. */
  groups: z.array(EntityUid),
  /** The types of principals that it is for. */
  principals: z.array(z.string()),
  /** What its context holds besides what every decision looks at. */
  context: Attributes,
});
export type ActionFacts = z.infer<typeof ActionFacts>;

/** A policy, read and validated, with the slices that it stands in. */
const CompiledPolicy = z.object({
  id: z.string(),
  file: z.string(),
  line: z.int().positive(),
  text: z.string(),
  effect: z.enum(['permit', 'forbid']),
  annotations: PolicyAnnotations,
  /** The parts of its scope, as keys: the actions, principals and resources that it can be about. */
  scope: z.object({ actions: z.array(z.string()), principal: z.string(), resource: z.string() }),
});
export type CompiledPolicy = z.infer<typeof CompiledPolicy>;

/** A policy set as it is carried to where it decides: validated, split, its annotations and its schema read. */
export const CompiledPolicies = z.object({
  /** The types of resources, by the name that AuthZEN requests use: `Todo::Todo` is `todo`. */
  resources: z.record(
    z.string(),
    z.object({
      entityType: z.string(),
      attributes: Attributes,
      actions: z.record(z.string(), ActionFacts),
    }),
  ),
  policies: z.array(CompiledPolicy),
});
export type CompiledPolicies = z.infer<typeof CompiledPolicies>;

/** The key of a scope that says nothing. */
export const ANY = '*';

/** The key of one entity. A type's key is its name, which no entity's key can be. */
export function keyOf({ type, id }: EntityUid): string {
  return `${type}::${JSON.stringify(id)}`;
}

/** The files of a policy set, by their path in its folder: the schemas (`*.cedarschema`) and the policies (`*.cedar`). */
export type PolicySources = Readonly<Record<string, string>>;

/** What came of compiling them: a policy set, or everything that is wrong, each as `policies/<file>:<line>: <message>`. */
export type Compilation = { readonly compiled: CompiledPolicies } | { readonly problems: readonly string[] };
