import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { PublishSecretKeysEnvironment } from './environment.ts';
import { publishSecretKeys } from './publish-secret-keys.step.ts';
import { secretKeySetRoute } from './secrets.routes.ts';

const environment = parseEnvironment(PublishSecretKeysEnvironment, process.env);
const keysOf = publishSecretKeys({ ledger: newLedger(environment.TABLE_NAME), clock: systemClock });

export const handler = httpHandler('publish-secret-keys', [
  serve(secretKeySetRoute, async ({ parameters }) => ({
    status: 200,
    body: { keys: await keysOf(parameters['id'] ?? '') },
  })),
]);
