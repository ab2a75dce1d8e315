import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { LiftFreezeEnvironment } from './environment.ts';
import { liftFreeze } from './lift-freeze.step.ts';
import { revocationDocument } from './revocation-document.ts';
import { liftFreezeRoute } from './revocations.routes.ts';

const environment = parseEnvironment(LiftFreezeEnvironment, process.env);
const lift = liftFreeze({
  deployment: readDeployment(import.meta.dirname),
  ledger: newLedger(environment.TABLE_NAME),
  clock: systemClock,
});

export const handler = httpHandler('lift-freeze', [
  serve(liftFreezeRoute, async ({ caller, parameters }) => ({
    status: 200,
    body: { revocation: revocationDocument(await lift(caller, parameters['id'] ?? '')) },
  })),
]);
