import { newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { jweCursors } from '../platform/page-cursor.jose.ts';
import { ReadGrantsEnvironment } from './environment.ts';
import { grantDocument } from './grant-document.ts';
import { listGrantsRoute, readGrantRoute } from './grants.routes.ts';
import { listGrants, readGrant } from './read-grants.step.ts';

const environment = parseEnvironment(ReadGrantsEnvironment, process.env);
const ledger = newLedger(environment.TABLE_NAME);
const list = listGrants({
  ledger,
  cursors: jweCursors(newSecretsManager(), environment.DERIVATION_SECRET_ID),
});
const read = readGrant({ ledger });

export const handler = httpHandler('read-grants', [
  serve(listGrantsRoute, async ({ caller, query }) => {
    const { grants, ...more } = await list(caller, query);
    return { status: 200, body: { grants: grants.map(grantDocument), ...more } };
  }),
  serve(readGrantRoute, async ({ caller, parameters }) => ({
    status: 200,
    body: { grant: grantDocument(await read(caller, parameters['id'] ?? '')) },
  })),
]);
