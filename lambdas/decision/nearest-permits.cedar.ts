import {
  type Clause,
  type Expr,
  isAuthorized,
  type PolicyJson,
  policyToJson,
  policyToText,
} from '@cedar-policy/cedar-wasm/nodejs';
import { ANY, type CompiledPolicies, type CompiledPolicy } from './compiled-policies.ts';
import type { NearPermit, PolicyQuestion } from './policy-engine.port.ts';
import { type CedarQuestion, cedarQuestion } from './question.cedar.ts';

/** Permits that are looked at for one explanation: people read few, and it shall take no longer with more. */
const MOST_LOOKED_AT = 200;

const anything = { principal: { op: 'All' }, action: { op: 'All' }, resource: { op: 'All' } } as const;

/**
 * The permits for the action that is asked about, with the parts of each that do not hold: of its scope, and each
 * condition that others are joined to by `&&`. Every part is asked of Cedar as a policy of its own.
 */
export function nearestPermits(
  { resources, policies }: CompiledPolicies,
  asked: PolicyQuestion,
  most: number,
): NearPermit[] {
  const put = cedarQuestion(resources, asked);
  if (put === undefined) return [];
  const { action, principal, resource } = put.keys;
  const isFar = ({ scope }: CompiledPolicy) =>
    Number(![...resource, ANY].includes(scope.resource)) +
    Number(![...principal, ANY].includes(scope.principal));
  return policies
    .filter(
      ({ effect, scope }) => effect === 'permit' && [action, ANY].some((key) => scope.actions.includes(key)),
    )
    .sort((one, other) => isFar(one) - isFar(other))
    .slice(0, MOST_LOOKED_AT)
    .map(({ id, text }) => ({ policy: id, unmet: unmetOf(text, put.question) }))
    .sort((one, other) => one.unmet.length - other.unmet.length)
    .slice(0, most);
}

function unmetOf(text: string, question: CedarQuestion): string[] {
  const answer = policyToJson(text);
  if (answer.type === 'failure') return [];
  const parts = partsOf(answer.json);
  const result = isAuthorized({
    ...question,
    policies: { staticPolicies: Object.fromEntries(parts.map(({ policy }, place) => [`${place}`, policy])) },
  });
  const met = new Set(result.type === 'success' ? result.response.diagnostics.reason : []);
  return parts.filter((_, place) => !met.has(`${place}`)).map(({ says }) => says);
}

interface Part {
  readonly says: string;
  readonly policy: PolicyJson;
}

function partsOf({ principal, resource, conditions }: PolicyJson): Part[] {
  return [
    ...(principal.op === 'All' ? [] : [part({ principal })]),
    ...(resource.op === 'All' ? [] : [part({ resource })]),
    ...conditions.flatMap(conjuncts).map((condition) => part({ conditions: [condition] })),
  ];
}

/** A part as a policy of its own, and as it reads in one: without what such a policy says of nothing. */
function part(of: Partial<Pick<PolicyJson, 'principal' | 'resource' | 'conditions'>>): Part {
  const policy: PolicyJson = { effect: 'permit', ...anything, conditions: [], ...of };
  const written = policyToText(policy);
  const text = written.type === 'success' ? written.text.replaceAll(/\s+/g, ' ') : '';
  const says = text
    .replace(/^permit ?\((principal, action, )?/, '')
    .replace(/^(resource\) )?/, '')
    .replace(/(, action, resource)?\)?;$/, '');
  return { says, policy };
}

/** What has to hold at once. */
function conjuncts({ kind, body }: Clause): Clause[] {
  if (kind !== 'when') return [{ kind, body }];
  return split(body).map((one) => ({ kind, body: one }));
}

function split(body: Expr): Expr[] {
  const both = '&&' in body ? body['&&'] : undefined;
  return both === undefined || !('left' in both) ? [body] : [...split(both.left), ...split(both.right)];
}
