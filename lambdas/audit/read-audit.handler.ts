import { newLedger } from '../platform/clients.aws.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { readChainRoute, readUndertakingRoute } from './audit.routes.ts';
import { ReadAuditEnvironment } from './environment.ts';
import { readChain, readUndertaking } from './read-audit.step.ts';

const environment = parseEnvironment(ReadAuditEnvironment, process.env);
const dependencies = {
  deployment: readDeployment(import.meta.dirname),
  ledger: newLedger(environment.TABLE_NAME),
};
const chain = readChain(dependencies);
const undertaking = readUndertaking(dependencies);
const hash = { algorithm: 'sha-256', canonicalization: 'RFC 8785' } as const;

export const handler = httpHandler('read-audit', [
  serve(readChainRoute, async ({ caller, parameters, query }) => {
    const { events, next } = await chain(caller, parameters['chain'] ?? '', {
      ...(query.limit === undefined ? {} : { limit: Number(query.limit) }),
      ...(query.cursor === undefined ? {} : { after: Number(query.cursor) }),
    });
    return { status: 200, body: { events, hash, ...(next === undefined ? {} : { cursor: String(next) }) } };
  }),
  serve(readUndertakingRoute, async ({ caller, query }) => ({
    status: 200,
    body: { ...(await undertaking(caller, query.txn)), hash },
  })),
]);
