import { newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { log } from '../platform/logger.powertools.ts';
import type { Caller } from '../verification/caller.ts';
import { type EvaluationAnswer, evaluateAccessRoute, evaluateBatchRoute } from './authzen.routes.ts';
import { jwsDenialBindings } from './denial-bindings.jose.ts';
import { bareEvaluationId } from './denial-bindings.port.ts';
import { EvaluateAccessEnvironment } from './environment.ts';
import { evaluateAccess } from './evaluate-access.step.ts';
import { evaluateBatch } from './evaluate-batch.step.ts';
import { explainAccess } from './explain-access.step.ts';
import { explainAccessRoute } from './explanation.routes.ts';
import { policiesInForce } from './policies-in-force.aws.ts';

const environment = parseEnvironment(EvaluateAccessEnvironment, process.env);
const ledger = newLedger(environment.TABLE_NAME);
const dependencies = {
  deployment: readDeployment(import.meta.dirname),
  policies: policiesInForce(import.meta.dirname, ledger),
  ledger,
  clock: systemClock,
};
const evaluating = {
  ...dependencies,
  ids: randomIds,
  denials: jwsDenialBindings(newSecretsManager(), environment.DERIVATION_SECRET_ID),
  issuer: environment.ISSUER,
};
const evaluate = evaluateAccess(evaluating);
const evaluateMany = evaluateBatch(evaluating);
const explain = explainAccess(dependencies);

/** An evaluation changes nothing, so it has no event in a chain; this line is its record. */
function record(caller: Caller, { decision, context }: EvaluationAnswer): void {
  log.info('evaluate-access decided', {
    principal: caller.principal.id,
    evaluationId: bareEvaluationId(context.evaluation_id),
    outcome: String(decision),
    policies: context.policies,
    policySet: context.policy_set,
  });
}

export const handler = httpHandler('evaluate-access', [
  serve(evaluateAccessRoute, async ({ caller, body }) => {
    const answer = await evaluate(caller, body);
    record(caller, answer);
    return { status: 200, body: answer };
  }),
  serve(evaluateBatchRoute, async ({ caller, body }) => {
    const answer = await evaluateMany(caller, body);
    for (const one of 'evaluations' in answer ? answer.evaluations : [answer]) record(caller, one);
    return { status: 200, body: answer };
  }),
  serve(explainAccessRoute, async ({ caller, body }) => ({ status: 200, body: await explain(caller, body) })),
]);
