import { newKms, newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { joseIssuedTokenVerifier } from '../platform/issued-token.jose.ts';
import { kmsPublicKey } from '../platform/signer.kms.ts';
import { IntrospectTokenEnvironment } from './environment.ts';
import { introspectToken } from './introspect-token.step.ts';
import { introspectTokenRoute } from './oauth.routes.ts';

const environment = parseEnvironment(IntrospectTokenEnvironment, process.env);
const kms = newKms();
const introspect = introspectToken({
  deployment: readDeployment(import.meta.dirname),
  tokens: joseIssuedTokenVerifier(environment.ISSUER, {
    session: kmsPublicKey(kms, environment.SESSION_SIGNING_KEY_ID),
    grant: kmsPublicKey(kms, environment.GRANT_SIGNING_KEY_ID),
  }),
  ledger: newLedger(environment.TABLE_NAME),
  clock: systemClock,
});

export const handler = httpHandler('introspect-token', [
  serve(introspectTokenRoute, async ({ caller, body }) => ({
    status: 200,
    body: await introspect(caller, body.token),
  })),
]);
