import { newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { jweCursors } from '../platform/page-cursor.jose.ts';
import { findConnection } from './connection.ts';
import { ReadSecretsEnvironment } from './environment.ts';
import type { ManagedSecret } from './managed-secret.ts';
import { listSecrets, readRotation, readSecret } from './read-secrets.step.ts';
import { rotationDocument, secretDocument } from './secret-document.ts';
import { listSecretsRoute, readRotationRoute, readSecretRoute } from './secrets.routes.ts';

const environment = parseEnvironment(ReadSecretsEnvironment, process.env);
const deployment = readDeployment(import.meta.dirname);
const ledger = newLedger(environment.TABLE_NAME);
const list = listSecrets({
  deployment,
  ledger,
  cursors: jweCursors(newSecretsManager(), environment.DERIVATION_SECRET_ID),
});
const read = readSecret({ deployment, ledger });
const readOneRotation = readRotation({ deployment, ledger });

const documentOf = (secret: ManagedSecret) => secretDocument(secret, findConnection(deployment, secret.id));

export const handler = httpHandler('read-secrets', [
  serve(listSecretsRoute, async ({ caller, query }) => {
    const { secrets, ...more } = await list(caller, query);
    return { status: 200, body: { secrets: secrets.map(documentOf), ...more } };
  }),
  serve(readSecretRoute, async ({ caller, parameters }) => ({
    status: 200,
    body: { secret: documentOf(await read(caller, parameters['id'] ?? '')) },
  })),
  serve(readRotationRoute, async ({ caller, parameters }) => ({
    status: 200,
    body: { rotation: rotationDocument(await readOneRotation(caller, parameters['id'] ?? '')) },
  })),
]);
