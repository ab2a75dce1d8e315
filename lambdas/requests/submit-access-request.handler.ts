import { newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { invalidRequest } from '../platform/problem.ts';
import { SubmitAccessRequestEnvironment } from './environment.ts';
import { submitAccessRequestRoute } from './requests.routes.ts';
import { submitAccessRequest } from './submit-access-request.step.ts';
import { taskOf } from './task.ts';
import { stepFunctionsWorkflowStarter } from './workflow-starter.step-functions.ts';

const MOST_KEY_CHARACTERS = 255;

const environment = parseEnvironment(SubmitAccessRequestEnvironment, process.env);
const submit = submitAccessRequest({
  deployment: readDeployment(import.meta.dirname),
  ledger: newLedger(environment.TABLE_NAME),
  workflow: stepFunctionsWorkflowStarter(newStepFunctions(), environment.REQUEST_ACCESS_STATE_MACHINE_ARN),
  clock: systemClock,
  ids: randomIds,
});

export const handler = httpHandler('submit-access-request', [
  serve(submitAccessRequestRoute, async ({ caller, body, headers }) => {
    const key = headers['idempotency-key'];
    if (key !== undefined && (key === '' || key.length > MOST_KEY_CHARACTERS)) {
      throw invalidRequest(`Idempotency-Key has from 1 to ${MOST_KEY_CHARACTERS} characters.`);
    }
    const task = taskOf(await submit(caller, body, key));
    return { status: 202, body: { task }, headers: { location: task.status_endpoint } };
  }),
]);
