import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { notFound } from '../platform/problem.ts';
import { endSession } from './end-session.step.ts';
import { EndSessionEnvironment } from './environment.ts';
import { endSessionRoute } from './session.routes.ts';

const environment = parseEnvironment(EndSessionEnvironment, process.env);
const end = endSession({ ledger: newLedger(environment.TABLE_NAME), clock: systemClock });

export const handler = httpHandler('end-session', [
  serve(endSessionRoute, async ({ caller, parameters }) => {
    if ((await end(caller, parameters['id'] ?? '')) !== 'ended') throw notFound('session');
    return { status: 204 };
  }),
]);
