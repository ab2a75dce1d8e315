import { deployedPolicies } from '../cdk/read-policies.ts';
import { demoDeployment } from '../demo/deployment.ts';
import { demoDirectory } from '../demo/directory.ts';
import { decidePermission } from '../lambdas/decision/decide.ts';
import { cedarPolicyEngine } from '../lambdas/decision/policy-engine.cedar.ts';
import { targetResource } from '../lambdas/decision/resource.ts';
import { DeploymentSchema } from '../lambdas/platform/deployment.ts';
import { nothingProven } from '../lambdas/verification/assurance.ts';
import { Principal } from '../lambdas/verification/principal.ts';
import { quantile, rounded } from './quantiles.ts';

const DECISIONS = 3000;

export interface DecisionFigures {
  readonly policies: number;
  readonly p50Milliseconds: number;
  readonly p95Milliseconds: number;
}

/** The time of one permitted decision, inside the function, with so many policies loaded. */
export function measureDecisions(policyCount: number): DecisionFigures {
  const compiled = deployedPolicies();
  const others = Array.from({ length: Math.max(0, policyCount - compiled.policies.length) }, (_, index) => ({
    id: `other-${index}`,
    file: 'generated',
    line: 1,
    effect: 'permit' as const,
    annotations: {},
    scope: {
      actions: ['Sallyport::Action::"tickets:read"'],
      principal: `Sallyport::Group::"group-${index}"`,
      resource: `Sallyport::Target::"target-${index}"`,
    },
    text: `permit (principal in Sallyport::Group::"group-${index}", action == Sallyport::Action::"tickets:read", resource == Sallyport::Target::"target-${index}") when { context.assurance.aal >= 2 };`,
  }));
  const engine = cedarPolicyEngine({ ...compiled, policies: [...compiled.policies, ...others] });
  const { targets } = DeploymentSchema.parse(demoDeployment({ identityProviderUrl: 'http://127.0.0.1' }));
  const target = targets.find(({ id }) => id === 'ticketing-ops');
  if (target === undefined) throw new Error('The demo has no such target');
  const engineer = Principal.parse(demoDirectory.principals.find(({ id }) => id === 'engineer'));
  const times: number[] = [];
  for (let round = 0; round < DECISIONS; round += 1) {
    const startedAt = performance.now();
    const { outcome } = decidePermission(engine, 'tickets:read', {
      parties: [engineer],
      resource: targetResource(target),
      channel: 'web',
      assurance: { ...nothingProven, aal: 2 },
      provenByActors: {},
      requestedDurationSeconds: 1200,
      approvals: [],
    });
    times.push(performance.now() - startedAt);
    if (outcome !== 'permitted') throw new Error(`What is measured is not permitted: ${outcome}`);
  }
  const warm = times.slice(DECISIONS / 10);
  return {
    policies: compiled.policies.length + others.length,
    p50Milliseconds: rounded(quantile(warm, 0.5), 3),
    p95Milliseconds: rounded(quantile(warm, 0.95), 3),
  };
}
