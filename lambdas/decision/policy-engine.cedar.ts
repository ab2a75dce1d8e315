import {
  type CedarValueJson,
  type EntityJson,
  type EntityUidJson,
  preparsePolicySet,
  statefulIsAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { Target } from '../platform/deployment.ts';
import { durationSeconds } from '../platform/duration.ts';
import type { Principal, PrincipalKind } from '../verification/principal.ts';
import type { CompiledPolicies } from './compiled-policies.ts';
import type { PolicyContext, PolicyEngine, PolicyTerms } from './policy-engine.port.ts';

/** Cedar keeps parsed policies by name, for the whole process. */
let policySets = 0;

const entityTypeOf: Readonly<Record<PrincipalKind, string>> = {
  user: 'Sallyport::User',
  service_account: 'Sallyport::ServiceAccount',
  workload: 'Sallyport::Workload',
  agent: 'Sallyport::Agent',
};

/**
 * Cedar, with the policies parsed once.
 * @throws Error where the policies do not parse: the function fails at its cold start.
 */
export function cedarPolicyEngine({ policies, actionGroups }: CompiledPolicies): PolicyEngine {
  policySets += 1;
  const policySet = `policies-${policySets}`;
  const parsed = preparsePolicySet(policySet, {
    staticPolicies: Object.fromEntries(policies.map(({ id, text }) => [id, text])),
  });
  if (parsed.type === 'failure') throw new Error(`The policies do not parse: ${parsed.errors[0]?.message}`);
  const actions = new Map(
    Object.keys(actionGroups).map((action) => [action, actionWithGroups(action, actionGroups)]),
  );
  const terms = new Map(policies.map((policy) => [policy.id, termsOf(policy)]));

  return {
    answer({ principal, permission, target, context }) {
      const result = statefulIsAuthorized({
        principal: principalUid(principal),
        action: uid('Sallyport::Action', permission),
        resource: uid('Sallyport::Target', target.id),
        context: {
          channel: context.channel,
          assurance: assuranceIn(context),
          approved: context.approved,
          delegated: context.delegated,
          requested_duration_seconds: context.requestedDurationSeconds,
        },
        preparsedPolicySetId: policySet,
        entities: [...entitiesOf(principal, target), ...(actions.get(permission) ?? [])],
      });
      if (result.type === 'failure') return { permitted: false, determining: [] };
      const { decision, diagnostics } = result.response;
      const determining = diagnostics.reason.flatMap((id) => terms.get(id) ?? []);
      // Cedar skips a policy that fails to evaluate; were it a forbid, skipping it would permit.
      const permitted = decision === 'allow' && diagnostics.errors.length === 0;
      return { permitted, determining };
    },
  };
}

/** The action and, transitively, the groups that it is in. Cedar reads all entities with each question, so no others. */
function actionWithGroups(action: string, actionGroups: CompiledPolicies['actionGroups']): EntityJson[] {
  const groups = actionGroups[action] ?? [];
  const entity: EntityJson = {
    uid: uid('Sallyport::Action', action),
    attrs: {},
    parents: groups.map((group) => uid('Sallyport::Action', group)),
  };
  return [entity, ...groups.flatMap((group) => actionWithGroups(group, actionGroups))];
}

function assuranceIn({ assurance }: PolicyContext): CedarValueJson {
  const { secondsSinceAuthentication, secondsSinceProofing, ...facts } = assurance;
  const { aal, ial, phishingResistant, attested, risk } = facts;
  return {
    aal,
    ial,
    phishing_resistant: phishingResistant,
    attested,
    risk,
    ...(secondsSinceAuthentication === undefined
      ? {}
      : { seconds_since_authentication: secondsSinceAuthentication }),
    ...(secondsSinceProofing === undefined ? {} : { seconds_since_proofing: secondsSinceProofing }),
  };
}

function termsOf({ id, annotations }: CompiledPolicies['policies'][number]): PolicyTerms {
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

function entitiesOf(principal: Principal, target: Target): EntityJson[] {
  const attributes =
    principal.kind === 'user'
      ? {}
      : {
          environment: principal.environment,
          owner: { __entity: { type: 'Sallyport::User', id: principal.owner } },
        };
  return [
    {
      uid: principalUid(principal),
      attrs: attributes,
      parents: principal.groups.map((group) => uid('Sallyport::Group', group)),
    },
    {
      uid: uid('Sallyport::Target', target.id),
      attrs: { environment: target.environment },
      parents: [uid('Sallyport::System', target.system)],
    },
  ];
}

function principalUid(principal: Principal): EntityUidJson {
  return uid(entityTypeOf[principal.kind], principal.id);
}

function uid(type: string, id: string): EntityUidJson {
  return { type, id };
}
