import { newKms, newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { stepFunctionsWaitingWorkflow } from '../platform/task-tokens.kms.ts';
import { ReturnGrantEnvironment } from './environment.ts';
import { grantDocument } from './grant-document.ts';
import { returnGrantRoute } from './grants.routes.ts';
import { returnGrant } from './return-grant.step.ts';

const environment = parseEnvironment(ReturnGrantEnvironment, process.env);
const giveBack = returnGrant({
  ledger: newLedger(environment.TABLE_NAME),
  workflow: stepFunctionsWaitingWorkflow(newKms(), environment.TASK_TOKEN_KEY_ID, newStepFunctions()),
  clock: systemClock,
});

export const handler = httpHandler('return-grant', [
  serve(returnGrantRoute, async ({ caller, parameters }) => ({
    status: 202,
    body: { grant: grantDocument(await giveBack(caller, parameters['id'] ?? '')) },
  })),
]);
