import { loggedDecisions } from '../decision/decision-record.powertools.ts';
import { jwsDenialBindings } from '../decision/denial-bindings.jose.ts';
import { evaluateAccess } from '../decision/evaluate-access.step.ts';
import { policiesInForce } from '../decision/policies-in-force.aws.ts';
import { newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { type HttpAnswer, httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { authorizeRequest, questionInHeaders, questionInPath } from './authorize-request.step.ts';
import { authorizeToolCall } from './authorize-tool-call.step.ts';
import {
  authorizeGetRoute,
  authorizePathRoute,
  authorizePostRoute,
  authorizeToolCallRoute,
  reviewAccessRoute,
} from './enforcement.routes.ts';
import { EnforceAccessEnvironment } from './environment.ts';
import { reviewAccess } from './review-access.step.ts';

const environment = parseEnvironment(EnforceAccessEnvironment, process.env);
const deployment = readDeployment(import.meta.dirname);
const ledger = newLedger(environment.TABLE_NAME);
const evaluate = evaluateAccess({
  deployment,
  policies: policiesInForce(import.meta.dirname, ledger),
  ledger,
  clock: systemClock,
  ids: randomIds,
  requestable: {
    denials: jwsDenialBindings(newSecretsManager(), environment.DERIVATION_SECRET_ID),
    issuer: environment.ISSUER,
  },
  record: loggedDecisions('enforce-access'),
});

const review = reviewAccess({ deployment, evaluate });
const authorize = authorizeRequest({ deployment, evaluate });
const authorizeCall = authorizeToolCall({ deployment, evaluate });

/** Without a body: proxies hand on what they like of it, and headers alone count. */
async function authorizing(...[caller, asked, headers]: Parameters<typeof authorize>): Promise<HttpAnswer> {
  const { context } = await authorize(caller, asked, headers);
  return {
    status: 200,
    headers: {
      'x-sallyport-evaluation-id': context.evaluation_id,
      'x-sallyport-policies': context.policies.join(','),
    },
  };
}

export const handler = httpHandler('enforce-access', [
  serve(reviewAccessRoute, async ({ caller, body }) => ({ status: 200, body: await review(caller, body) })),
  serve(authorizeGetRoute, ({ caller, headers }) => authorizing(caller, questionInHeaders(headers), headers)),
  serve(authorizePostRoute, ({ caller, headers }) =>
    authorizing(caller, questionInHeaders(headers), headers),
  ),
  serve(authorizePathRoute, ({ caller, headers, method, parameters }) =>
    authorizing(caller, questionInPath(method, parameters['path'] ?? '', headers), headers),
  ),
  serve(authorizeToolCallRoute, async ({ caller, body }) => ({
    status: 200,
    body: await authorizeCall(caller, body),
  })),
]);
