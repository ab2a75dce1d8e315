import { demoDeployment } from '../../demo/deployment.ts';
import type { CompiledPolicies } from '../../lambdas/decision/compiled-policies.ts';
import { type Circumstances, decidePermission, questionOf } from '../../lambdas/decision/decide.ts';
import { cedarPolicyEngine } from '../../lambdas/decision/policy-engine.cedar.ts';
import { targetResource } from '../../lambdas/decision/resource.ts';
import { DeploymentSchema } from '../../lambdas/platform/deployment.ts';
import { nothingProven } from '../../lambdas/verification/assurance.ts';
import type { DecisionPoint } from './decision-point.ts';
import type { Question } from './rules.ts';

/** Our engine, asked in two ways. */
export interface Sallyport {
  /** Permitted or denied, which is what the others say too. */
  readonly answers: DecisionPoint;
  /** As our functions decide: of a denial also what would turn it into a permit. */
  readonly decides: DecisionPoint;
}

export function sallyport(policies: CompiledPolicies): Sallyport {
  const engine = cedarPolicyEngine(policies);
  const { targets } = DeploymentSchema.parse(demoDeployment({ identityProviderUrl: 'http://127.0.0.1' }));
  const [anyTarget] = targets;
  if (anyTarget === undefined) throw new Error('The demo has no target');

  const circumstancesOf = ({ principal, groups, target, aal, channel }: Question): Circumstances => ({
    parties: [{ kind: 'user', id: principal, name: principal, status: 'active', groups: [...groups] }],
    resource: targetResource({ ...anyTarget, id: target }),
    channel,
    assurance: { ...nothingProven, aal },
    provenByActors: {},
    requestedDurationSeconds: 1200,
    approvals: [],
  });
  return {
    answers: {
      answer: (question) => {
        const circumstances = circumstancesOf(question);
        const [party] = circumstances.parties;
        return engine.answer(questionOf(party, question.action, circumstances)).permitted;
      },
    },
    decides: {
      answer: (question) =>
        decidePermission(engine, question.action, circumstancesOf(question)).outcome === 'permitted',
    },
  };
}
