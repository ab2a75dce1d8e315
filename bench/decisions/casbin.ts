import { newEnforcer, newModelFromString, StringAdapter } from 'casbin';
import type { DecisionPoint } from './decision-point.ts';
import type { Question, Rule } from './rules.ts';

/** A forbid overrides. What is cheapest to compare, and sorts out most, comes first. */
const MODEL = `
[request_definition]
r = sub, obj, act, aal, channel

[policy_definition]
p = sub, obj, act, aal, channel, eft

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))

[matchers]
m = (p.obj == "*" || r.obj == p.obj) && r.act == p.act && r.aal >= p.aal && (p.channel == "*" || r.channel == p.channel) && (p.sub == "*" || g(r.sub, p.sub))
`;

/** node-casbin, which is told beforehand in which groups everybody is who will be asked about. */
export async function casbin(rules: readonly Rule[], questions: readonly Question[]): Promise<DecisionPoint> {
  const memberships = questions.flatMap(({ principal, groups }) =>
    groups.map((group) => `g, ${principal}, ${group}`),
  );
  const lines = [...rules.map(policyLine), ...new Set(memberships)];
  const enforcer = await newEnforcer(newModelFromString(MODEL), new StringAdapter(lines.join('\n')));
  return {
    answer: ({ principal, target, action, aal, channel }) =>
      enforcer.enforceSync(principal, target, action, aal, channel),
  };
}

function policyLine({ effect, group, target, action, leastAal, channel }: Rule): string {
  const eft = effect === 'permit' ? 'allow' : 'deny';
  return ['p', group ?? '*', target ?? '*', action, leastAal ?? 0, channel ?? '*', eft].join(', ');
}
