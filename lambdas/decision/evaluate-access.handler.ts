import { newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { evaluateAccessRoute, evaluateBatchRoute } from './authzen.routes.ts';
import { loggedDecisions } from './decision-record.powertools.ts';
import { jwsDenialBindings } from './denial-bindings.jose.ts';
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
const recorded = {
  ...dependencies,
  ids: randomIds,
  requestable: {
    denials: jwsDenialBindings(newSecretsManager(), environment.DERIVATION_SECRET_ID),
    issuer: environment.ISSUER,
  },
  record: loggedDecisions('evaluate-access'),
};
const evaluate = evaluateAccess(recorded);
const evaluateMany = evaluateBatch(recorded);
const explain = explainAccess(dependencies);

export const handler = httpHandler('evaluate-access', [
  serve(evaluateAccessRoute, async ({ caller, body }) => ({
    status: 200,
    body: await evaluate(caller, body),
  })),
  serve(evaluateBatchRoute, async ({ caller, body }) => ({
    status: 200,
    body: await evaluateMany(caller, body),
  })),
  serve(explainAccessRoute, async ({ caller, body }) => ({ status: 200, body: await explain(caller, body) })),
]);
