import { newLedger } from '../platform/clients.aws.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { ReadAccessRequestEnvironment } from './environment.ts';
import { readAccessRequest } from './read-access-request.step.ts';
import { readAccessRequestRoute } from './requests.routes.ts';

const environment = parseEnvironment(ReadAccessRequestEnvironment, process.env);
const read = readAccessRequest({ ledger: newLedger(environment.TABLE_NAME) });

export const handler = httpHandler('read-access-request', [
  serve(readAccessRequestRoute, async ({ caller, parameters }) => ({
    status: 200,
    body: { task: await read(caller, parameters['id'] ?? '') },
  })),
]);
