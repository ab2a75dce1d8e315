import {
  type AuthorizationAnswer,
  preparsePolicySet,
  type StatefulAuthorizationCall,
  statefulIsAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs';
import { durationSeconds } from '../platform/duration.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import { describeFailure, log } from '../platform/logger.powertools.ts';
import type { CompiledPolicies, CompiledPolicy } from './compiled-policies.ts';
import { lookedAtBy } from './looked-at.cedar.ts';
import { nearestPermits } from './nearest-permits.cedar.ts';
import type { PolicyAnswer, PolicyEngine, PolicyTerms } from './policy-engine.port.ts';
import { slicesOf } from './policy-slices.ts';
import { type CedarQuestion, cedarQuestion, entityTypeOf } from './question.cedar.ts';

/**
 * Policies that are asked together are parsed once and kept. So many policies at a time, each in all the selections that
 * it is in: one takes some 4 KB.
 */
const MOST_PARSED_POLICIES = 10_000;

/** Policies that are asked together. */
interface Selection {
  /** Under which Cedar has them parsed. */
  readonly name: string;
  readonly policies: number;
  readonly couldPermit: readonly PolicyTerms[];
  /** What they can look at of a question. */
  readonly lookedAt: (question: CedarQuestion) => CedarQuestion;
}

/** Cedar keeps parsed policies by name, for the whole process. A name that was given back holds nothing. */
let namesMade = 0;
const namesGivenBack: string[] = [];

const denied: PolicyAnswer = { permitted: false, determining: [], couldPermit: [] };

/**
 * Cedar over the policies that a question can be about. They are found by their scope, and parsed when they are first
 * asked: loading costs next to nothing, and a decision costs the same however many policies there are.
 */
export function cedarPolicyEngine({ resources, policies }: CompiledPolicies): PolicyEngine {
  const slices = slicesOf(policies);
  const byId = new Map(policies.map((policy) => [policy.id, policy]));
  const terms = new Map(policies.map((policy) => [policy.id, termsOf(policy)]));
  const selections = new Map<string, Selection>();
  let parsedPolicies = 0;

  /** These policies, parsed; what was asked longest ago makes room. */
  function selectionOf(places: readonly number[]): Selection {
    const key = places.join();
    const known = selections.get(key);
    if (known !== undefined) {
      selections.delete(key);
      selections.set(key, known);
      return known;
    }
    for (const [oldest, selection] of selections) {
      if (parsedPolicies + places.length <= MOST_PARSED_POLICIES) break;
      giveBack(selection.name);
      selections.delete(oldest);
      parsedPolicies -= selection.policies;
    }
    const name = namesGivenBack.pop() ?? nextName();
    const selected = places.flatMap((place) => policies[place] ?? []);
    keep(name, Object.fromEntries(selected.map(({ id, text }) => [id, text])));
    const couldPermit = selected
      .filter(({ effect }) => effect === 'permit')
      .flatMap(({ id }) => terms.get(id) ?? []);
    const lookedAt = lookedAtBy(selected.map(({ text }) => text));
    const selection = { name, policies: places.length, couldPermit, lookedAt };
    selections.set(key, selection);
    parsedPolicies += places.length;
    return selection;
  }

  return {
    answer(asked) {
      const put = cedarQuestion(resources, asked);
      const places = put === undefined ? [] : slices.about(put.keys);
      if (put === undefined || places.length === 0) return denied;
      const { name, couldPermit, lookedAt } = selectionOf(places);
      const result = unlessItThrows({ ...lookedAt(put.question), preparsedPolicySetId: name });
      if (result?.type !== 'success') {
        log.warn('a question could not be put to the policies', { policies: places.map(idAt) });
        return denied;
      }
      const { decision, diagnostics } = result.response;
      const determining = diagnostics.reason.flatMap((id) => terms.get(id) ?? []);
      // Cedar skips a policy that fails to evaluate; were it a forbid, skipping it would permit.
      const failed = diagnostics.errors.map(({ policyId }) => policyId);
      if (failed.length > 0) log.warn('policies failed to evaluate', { policies: failed });
      return { permitted: decision === 'allow' && failed.length === 0, determining, couldPermit };
    },

    actionsOn(resourceType, by) {
      return Object.entries(resources[resourceType]?.actions ?? {})
        .filter(([, { principals }]) => principals.includes(entityTypeOf[by]))
        .map(([name]) => name);
    },

    declaredFor(resourceType, permission) {
      const known = resources[resourceType];
      return {
        properties: Object.keys(known?.attributes ?? {}),
        circumstances: Object.keys(known?.actions[permission]?.context ?? {}),
      };
    },

    nearestPermits(asked, most) {
      return nearestPermits({ resources, policies }, asked, most);
    },

    placeOf(policyId) {
      const policy = byId.get(policyId);
      return policy && { effect: policy.effect, file: policy.file, line: policy.line };
    },

    release() {
      for (const { name } of selections.values()) giveBack(name);
      selections.clear();
      parsedPolicies = 0;
    },
  };

  function idAt(place: number): string {
    return policies[place]?.id ?? '';
  }
}

/** Cedar's answer; undefined where it has none: whatever happens to it is a denial, and is not thrown at who asks. */
function unlessItThrows(question: StatefulAuthorizationCall): AuthorizationAnswer | undefined {
  try {
    return statefulIsAuthorized(question);
  } catch (error) {
    log.error('the policy engine threw', { failure: describeFailure(error) });
    return undefined;
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
