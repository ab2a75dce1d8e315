import { newLedger } from '../platform/clients.aws.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { ReadSessionEnvironment } from './environment.ts';
import { readSession } from './read-session.step.ts';
import { readSessionRoute } from './session.routes.ts';
import { sessionDocument } from './session-document.ts';

const environment = parseEnvironment(ReadSessionEnvironment, process.env);
const read = readSession({
  deployment: readDeployment(import.meta.dirname),
  ledger: newLedger(environment.TABLE_NAME),
});

export const handler = httpHandler('read-session', [
  serve(readSessionRoute, async ({ caller, parameters }) => {
    const session = await read(caller, parameters['id'] ?? '');
    return { status: 200, body: { session: sessionDocument(session, epochSeconds(systemClock)) } };
  }),
]);
