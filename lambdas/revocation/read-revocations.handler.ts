import { newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { jweCursors } from '../platform/page-cursor.jose.ts';
import { ReadRevocationsEnvironment } from './environment.ts';
import { listRevocations, readRevocation } from './read-revocations.step.ts';
import { revocationDocument } from './revocation-document.ts';
import { listRevocationsRoute, readRevocationRoute } from './revocations.routes.ts';

const environment = parseEnvironment(ReadRevocationsEnvironment, process.env);
const dependencies = {
  deployment: readDeployment(import.meta.dirname),
  ledger: newLedger(environment.TABLE_NAME),
  cursors: jweCursors(newSecretsManager(), environment.DERIVATION_SECRET_ID),
  clock: systemClock,
};
const list = listRevocations(dependencies);
const read = readRevocation(dependencies);

export const handler = httpHandler('read-revocations', [
  serve(listRevocationsRoute, async ({ caller, query }) => {
    const { revocations, ...more } = await list(caller, query);
    return {
      status: 200,
      body: { revocations: revocations.map((revocation) => revocationDocument(revocation)), ...more },
    };
  }),
  serve(readRevocationRoute, async ({ caller, parameters, query }) => {
    const { revocation, ...page } = await read(caller, parameters['id'] ?? '', query);
    return { status: 200, body: { revocation: revocationDocument(revocation, page) } };
  }),
]);
