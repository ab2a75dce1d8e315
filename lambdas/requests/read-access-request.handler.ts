import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { ReadAccessRequestEnvironment } from './environment.ts';
import { readAccessRequest } from './read-access-request.step.ts';
import { readAccessRequestRoute } from './requests.routes.ts';
import { taskAnswer } from './task.ts';

const environment = parseEnvironment(ReadAccessRequestEnvironment, process.env);
const read = readAccessRequest({
  ledger: newLedger(environment.TABLE_NAME),
  clock: systemClock,
  issuer: environment.ISSUER,
});

export const handler = httpHandler('read-access-request', [
  serve(readAccessRequestRoute, async ({ caller, parameters }) => ({
    status: 200,
    body: taskAnswer(await read(caller, parameters['id'] ?? '')),
  })),
]);
