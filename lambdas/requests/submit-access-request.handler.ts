import { jwsDenialBindings } from '../decision/denial-bindings.jose.ts';
import { newLedger, newSecretsManager, newStepFunctions } from '../platform/clients.aws.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { invalidRequest } from '../platform/problem.ts';
import { SubmitAccessRequestEnvironment } from './environment.ts';
import { submitAccessRequestRoute, submitDeniedRoute } from './requests.routes.ts';
import { submitAccessRequest } from './submit-access-request.step.ts';
import { submitDenied } from './submit-denied.step.ts';
import { bundleTaskOf, taskOf } from './task.ts';
import { stepFunctionsWorkflowStarter } from './workflow-starter.step-functions.ts';

const MOST_KEY_CHARACTERS = 255;

const environment = parseEnvironment(SubmitAccessRequestEnvironment, process.env);
const dependencies = {
  deployment: readDeployment(import.meta.dirname),
  ledger: newLedger(environment.TABLE_NAME),
  workflow: stepFunctionsWorkflowStarter(newStepFunctions(), environment.REQUEST_ACCESS_STATE_MACHINE_ARN),
  clock: systemClock,
  ids: randomIds,
};
const submit = submitAccessRequest(dependencies);
const submitAfterDenial = submitDenied({
  ...dependencies,
  denials: jwsDenialBindings(newSecretsManager(), environment.DERIVATION_SECRET_ID),
});

export const handler = httpHandler('submit-access-request', [
  serve(submitAccessRequestRoute, async ({ caller, body, headers }) => {
    const request = await submit(caller, body, keyIn(headers));
    // Paths, as this route has always answered; the profile's routes answer with whole addresses.
    return accepted(taskOf({ request }, ''));
  }),
  serve(submitDeniedRoute, async ({ caller, body, headers }) => {
    const recorded = await submitAfterDenial(caller, body, keyIn(headers));
    if ('request' in recorded) return accepted(taskOf(recorded, environment.ISSUER));
    const cases = recorded.requests.map((request) => ({ request }));
    return accepted(bundleTaskOf(recorded.bundle, cases, epochSeconds(systemClock), environment.ISSUER));
  }),
]);

function accepted<Task extends { readonly status_endpoint: string }>(task: Task) {
  return { status: 202, body: { task }, headers: { location: task.status_endpoint } };
}

function keyIn(headers: Readonly<Record<string, string | undefined>>): string | undefined {
  const key = headers['idempotency-key'];
  if (key !== undefined && (key === '' || key.length > MOST_KEY_CHARACTERS)) {
    throw invalidRequest(`Idempotency-Key has from 1 to ${MOST_KEY_CHARACTERS} characters.`);
  }
  return key;
}
