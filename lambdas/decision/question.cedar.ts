import type { CedarValueJson, EntityJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Principal, PrincipalKind } from '../verification/principal.ts';
import { type AttributeValue, conforming } from './attributes.ts';
import { type CompiledPolicies, type EntityUid, keyOf } from './compiled-policies.ts';
import type { PolicyContext, PolicyQuestion } from './policy-engine.port.ts';
import { keysOf, type QuestionKeys } from './policy-slices.ts';
import { provenDocument } from './proven-document.ts';
import { type Resource, TARGET } from './resource.ts';

/** The type of each kind of principal in the schema. */
export const entityTypeOf: Readonly<Record<PrincipalKind, string>> = {
  user: 'Sallyport::User',
  service_account: 'Sallyport::ServiceAccount',
  workload: 'Sallyport::Workload',
  agent: 'Sallyport::Agent',
};

/** A question as Cedar takes it. */
export interface CedarQuestion {
  readonly principal: EntityUid;
  readonly action: EntityUid;
  readonly resource: EntityUid;
  readonly context: Record<string, CedarValueJson>;
  readonly entities: EntityJson[];
}

/**
 * Writes a question down for Cedar, with the entities that it concerns and the keys by which its policies are found.
 * @returns undefined where the schema does not know what is asked, or what is said does not fit it
 */
export function cedarQuestion(
  resources: CompiledPolicies['resources'],
  { principal, permission, resource, context }: PolicyQuestion,
): { readonly question: CedarQuestion; readonly keys: QuestionKeys } | undefined {
  const known = resources[resource.type];
  const action = known?.actions[permission];
  if (known === undefined || action === undefined) return undefined;
  // Policies were validated for the principals that the action is for, and no others.
  if (!action.principals.includes(entityTypeOf[principal.kind])) return undefined;
  const attributes = conforming(known.attributes, { ...resource.properties, ...ownAttributes(resource) });
  const more = conforming(action.context, context.circumstances ?? {});
  if (attributes === undefined || more === undefined) return undefined;
  const uid = { type: known.entityType, id: resource.id };
  const above = aboveOf(resource);
  const question: CedarQuestion = {
    principal: principalUid(principal),
    action: action.uid,
    resource: uid,
    context: { ...more, ...contextOf(context) },
    entities: [
      principalEntity(principal),
      { uid, attrs: attributes, parents: above },
      // One in no groups is not needed: that it equals itself, Cedar knows.
      ...(action.groups.length === 0 ? [] : [{ uid: action.uid, attrs: {}, parents: [...action.groups] }]),
    ],
  };
  if (!isUnicode(question.entities) || !isUnicode(question.context)) return undefined;
  return {
    question,
    keys: {
      action: keyOf(action.uid),
      principal: keysOf(principalUid(principal), groupsOf(principal)),
      resource: keysOf(uid, above),
    },
  };
}

/**
 * Whether all text in it is well-formed. Cedar throws at an unpaired surrogate, and its memory does not survive many of
 * those: who may ask at all could stop all decisions.
 */
function isUnicode(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  return typeof value !== 'object' || value === null || Object.values(value).every(isUnicode);
}

/** What Sallyport knows of a resource itself counts, whatever is said from outside. */
function ownAttributes({ target }: Resource): Record<string, AttributeValue> {
  return { environment: target.environment };
}

/** What a resource is in: a thing in its target, a target in its system. */
function aboveOf({ type, target }: Resource): EntityUid[] {
  const system = { type: 'Sallyport::System', id: target.system };
  return type === TARGET ? [system] : [{ type: 'Sallyport::Target', id: target.id }, system];
}

function contextOf(context: PolicyContext): Record<string, CedarValueJson> {
  return {
    channel: context.channel,
    assurance: provenDocument(context.assurance),
    approved: context.approved,
    delegated: context.delegated,
    requested_duration_seconds: context.requestedDurationSeconds,
  };
}

function principalEntity(principal: Principal): EntityJson {
  const attributes: Record<string, CedarValueJson> =
    principal.kind === 'user'
      ? principal.email === undefined
        ? {}
        : { email: principal.email }
      : {
          environment: principal.environment,
          owner: { __entity: { type: 'Sallyport::User', id: principal.owner } },
        };
  return { uid: principalUid(principal), attrs: attributes, parents: groupsOf(principal) };
}

/** What a principal is in. Groups within groups have been resolved where it was read. */
function groupsOf({ groups, roles = [] }: Principal): EntityUid[] {
  return [
    ...groups.map((id) => ({ type: 'Sallyport::Group', id })),
    ...roles.map((id) => ({ type: 'Sallyport::Role', id })),
  ];
}

function principalUid(principal: Principal): EntityUid {
  return { type: entityTypeOf[principal.kind], id: principal.id };
}
