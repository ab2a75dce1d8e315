import { newKms, newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { stepFunctionsWaitingWorkflow } from '../platform/task-tokens.kms.ts';
import { cancelAccessRequest } from './cancel-access-request.step.ts';
import { CancelAccessRequestEnvironment } from './environment.ts';
import { readAccessRequest } from './read-access-request.step.ts';
import { cancelAccessRequestRoute } from './requests.routes.ts';
import { taskAnswer } from './task.ts';

const environment = parseEnvironment(CancelAccessRequestEnvironment, process.env);
const ledger = newLedger(environment.TABLE_NAME);
const cancel = cancelAccessRequest({
  ledger,
  workflow: stepFunctionsWaitingWorkflow(newKms(), environment.TASK_TOKEN_KEY_ID, newStepFunctions()),
  clock: systemClock,
});
const read = readAccessRequest({ ledger, clock: systemClock, issuer: environment.ISSUER });

export const handler = httpHandler('cancel-access-request', [
  serve(cancelAccessRequestRoute, async ({ caller, parameters, body }) => {
    const id = parameters['id'] ?? '';
    // Also refuses what is no longer shown.
    await read(caller, id);
    await cancel(caller, id, body);
    return { status: 200, body: taskAnswer(await read(caller, id)) };
  }),
]);
