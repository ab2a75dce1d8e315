import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { RecordSignalEnvironment } from './environment.ts';
import { recordSignal } from './record-signal.step.ts';
import { recordSignalRoute } from './session.routes.ts';
import { signalDocument } from './session-document.ts';

const environment = parseEnvironment(RecordSignalEnvironment, process.env);
const record = recordSignal({
  deployment: readDeployment(import.meta.dirname),
  ledger: newLedger(environment.TABLE_NAME),
  clock: systemClock,
  ids: randomIds,
});

export const handler = httpHandler('record-signal', [
  serve(recordSignalRoute, async ({ caller, parameters, body }) => {
    const signal = await record(caller, parameters['id'] ?? '', body.signal);
    return { status: 201, body: { signal: signalDocument(signal) } };
  }),
]);
