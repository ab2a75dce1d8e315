import { policiesDirectory, readPolicySources } from '../../cdk/read-policies.ts';
import { compilePolicies } from '../../lambdas/decision/compile-policies.cedar.ts';
import type { CompiledPolicies, PolicySources } from '../../lambdas/decision/compiled-policies.ts';
import type { Rule } from './rules.ts';

/** The rules in Cedar, as somebody would hand them in: a file for each target. */
export function cedarSources(rules: readonly Rule[]): PolicySources {
  const { 'schema.cedarschema': schema = '' } = readPolicySources(policiesDirectory);
  const byFile = Object.groupBy(rules, ({ target }) => `${target ?? 'baseline'}.cedar`);
  const texts = Object.entries(byFile).map(([file, of = []]) => [file, of.map(policyText).join('\n\n')]);
  return { 'schema.cedarschema': schema, ...Object.fromEntries(texts) };
}

/** As the functions carry them. */
export function cedarPolicies(rules: readonly Rule[]): CompiledPolicies {
  const compilation = compilePolicies(cedarSources(rules));
  if ('compiled' in compilation) return compilation.compiled;
  throw new Error(`The rules are not valid in Cedar:\n${compilation.problems.join('\n')}`);
}

function policyText({ id, effect, group, action, target, leastAal, channel }: Rule): string {
  const principal = group === undefined ? 'principal' : `principal in Sallyport::Group::"${group}"`;
  const resource = target === undefined ? 'resource' : `resource == Sallyport::Target::"${target}"`;
  const conditions = [
    ...(leastAal === undefined ? [] : [`context.assurance.aal >= ${leastAal}`]),
    ...(channel === undefined ? [] : [`context.channel == "${channel}"`]),
  ];
  const when = conditions.length === 0 ? '' : `\nwhen { ${conditions.join(' && ')} }`;
  return `@id("${id}")\n${effect} (${principal}, action == Sallyport::Action::"${action}", ${resource})${when};`;
}
