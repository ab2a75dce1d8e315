import {
  type CedarValueJson,
  type EntityJson,
  preparsePolicySet,
  statefulIsAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs';
import { durationSeconds } from '../platform/duration.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import { log } from '../platform/logger.powertools.ts';
import type { Principal, PrincipalKind } from '../verification/principal.ts';
import { type AttributeValue, conforming } from './attributes.ts';
import {
  type ActionFacts,
  type CompiledPolicies,
  type CompiledPolicy,
  type EntityUid,
  keyOf,
} from './compiled-policies.ts';
import type { PolicyAnswer, PolicyContext, PolicyEngine, PolicyTerms } from './policy-engine.port.ts';
import { keysOf, slicesOf } from './policy-slices.ts';
import { type Resource, TARGET } from './resource.ts';

/** Policies that are asked together are parsed once and kept; so many such selections at a time. */
const MOST_SELECTIONS = 1000;

/** Cedar keeps parsed policies by name, for the whole process. A name that was given back holds nothing. */
let namesMade = 0;
const namesGivenBack: string[] = [];

const entityTypeOf: Readonly<Record<PrincipalKind, string>> = {
  user: 'Sallyport::User',
  service_account: 'Sallyport::ServiceAccount',
  workload: 'Sallyport::Workload',
  agent: 'Sallyport::Agent',
};

const denied: PolicyAnswer = { permitted: false, determining: [] };

/**
 * Cedar over the policies that a question can be about. They are found by their scope, and parsed when they are first
 * asked: loading costs next to nothing, and a decision costs the same however many policies there are.
 */
export function cedarPolicyEngine({ resources, policies }: CompiledPolicies): PolicyEngine {
  const slices = slicesOf(policies);
  const byId = new Map(policies.map((policy) => [policy.id, policy]));
  const terms = new Map(policies.map((policy) => [policy.id, termsOf(policy)]));
  const selections = new Map<string, string>();

  /** The name of the parsed selection of these policies; what was asked longest ago makes room. */
  function parsed(places: readonly number[]): string {
    const key = places.join();
    const known = selections.get(key);
    if (known !== undefined) {
      selections.delete(key);
      selections.set(key, known);
      return known;
    }
    if (selections.size >= MOST_SELECTIONS) {
      for (const [oldest, name] of selections) {
        giveBack(name);
        selections.delete(oldest);
        break;
      }
    }
    const name = namesGivenBack.pop() ?? nextName();
    const texts = places.flatMap((place) => policies[place] ?? []);
    keep(name, Object.fromEntries(texts.map(({ id, text }) => [id, text])));
    selections.set(key, name);
    return name;
  }

  function placesAbout(
    principal: Principal,
    action: ActionFacts,
    resource: EntityUid,
    above: readonly EntityUid[],
  ): readonly number[] {
    return slices.about({
      action: keyOf(action.uid),
      principal: keysOf(principalUid(principal), groupsOf(principal)),
      resource: keysOf(resource, above),
    });
  }

  return {
    answer({ principal, permission, resource, context }) {
      const known = resources[resource.type];
      const action = known?.actions[permission];
      if (known === undefined || action === undefined) return denied;
      const attributes = conforming(known.attributes, { ...resource.properties, ...ownAttributes(resource) });
      const more = conforming(action.context, context.circumstances ?? {});
      if (attributes === undefined || more === undefined) return denied;
      const uid = { type: known.entityType, id: resource.id };
      const above = aboveOf(resource);
      const places = placesAbout(principal, action, uid, above);
      if (places.length === 0) return denied;
      const result = statefulIsAuthorized({
        principal: principalUid(principal),
        action: action.uid,
        resource: uid,
        context: { ...more, ...contextOf(context) },
        preparsedPolicySetId: parsed(places),
        entities: [
          principalEntity(principal),
          { uid, attrs: attributes, parents: [...above] },
          { uid: action.uid, attrs: {}, parents: [...action.groups] },
        ],
      });
      if (result.type === 'failure') {
        log.warn('a question could not be put to the policies', { policies: places.map(idAt) });
        return denied;
      }
      const { decision, diagnostics } = result.response;
      const determining = diagnostics.reason.flatMap((id) => terms.get(id) ?? []);
      // Cedar skips a policy that fails to evaluate; were it a forbid, skipping it would permit.
      const failed = diagnostics.errors.map(({ policyId }) => policyId);
      if (failed.length > 0) log.warn('policies failed to evaluate', { policies: failed });
      return { permitted: decision === 'allow' && failed.length === 0, determining };
    },

    actionsOn(resourceType, by) {
      return Object.entries(resources[resourceType]?.actions ?? {})
        .filter(([, { principals }]) => principals.includes(entityTypeOf[by]))
        .map(([name]) => name);
    },

    about({ principal, permission, resource }, effect) {
      const known = resources[resource.type];
      const action = known?.actions[permission];
      if (known === undefined || action === undefined) return [];
      const uid = { type: known.entityType, id: resource.id };
      return placesAbout(principal, action, uid, aboveOf(resource)).flatMap((place) =>
        policies[place]?.effect === effect ? (terms.get(idAt(place)) ?? []) : [],
      );
    },

    placeOf(policyId) {
      const policy = byId.get(policyId);
      return policy && { file: policy.file, line: policy.line };
    },

    release() {
      for (const name of selections.values()) giveBack(name);
      selections.clear();
    },
  };

  function idAt(place: number): string {
    return policies[place]?.id ?? '';
  }
}

function nextName(): string {
  namesMade += 1;
  return `selection-${namesMade}`;
}

function keep(name: string, staticPolicies: Record<string, string>): void {
  const answer = preparsePolicySet(name, { staticPolicies });
  // They were parsed when they were compiled.
  if (answer.type === 'failure') throw new BrokenInvariant('Policies do not parse that were compiled');
}

function giveBack(name: string): void {
  keep(name, {});
  namesGivenBack.push(name);
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
  const { secondsSinceAuthentication, secondsSinceProofing, ...facts } = context.assurance;
  const { aal, ial, phishingResistant, attested, risk } = facts;
  return {
    channel: context.channel,
    assurance: {
      aal,
      ial,
      phishing_resistant: phishingResistant,
      attested,
      risk,
      ...(secondsSinceAuthentication === undefined
        ? {}
        : { seconds_since_authentication: secondsSinceAuthentication }),
      ...(secondsSinceProofing === undefined ? {} : { seconds_since_proofing: secondsSinceProofing }),
    },
    approved: context.approved,
    delegated: context.delegated,
    requested_duration_seconds: context.requestedDurationSeconds,
  };
}

function termsOf({ id, annotations }: CompiledPolicy): PolicyTerms {
  const maximum = annotations.max_duration && durationSeconds(annotations.max_duration);
  return {
    id,
    ...(maximum === undefined || maximum === '' ? {} : { maximumDurationSeconds: maximum }),
    ...(annotations.approvers === undefined
      ? {}
      : {
          approval: {
            approvers: annotations.approvers,
            quorum: Number(annotations.quorum ?? 1),
            approverAal: aalOf(annotations.approver_assurance ?? 'nist-aal1'),
          },
        }),
  };
}

function aalOf(acr: 'nist-aal1' | 'nist-aal2' | 'nist-aal3'): 1 | 2 | 3 {
  return acr === 'nist-aal1' ? 1 : acr === 'nist-aal2' ? 2 : 3;
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
