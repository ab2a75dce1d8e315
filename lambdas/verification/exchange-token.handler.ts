import { newKms, newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { kmsSigner } from '../platform/signer.kms.ts';
import { ExchangeTokenEnvironment } from './environment.ts';
import { exchangeToken } from './exchange-token.step.ts';
import {
  exchangeTokenRoute,
  TOKEN_EXCHANGE,
  type TokenAnswer,
  type TokenRequestForm,
} from './oauth.routes.ts';
import { type IssuedToken, sessionTokens } from './session-token.ts';
import { joseTokenVerifier } from './token-verifier.jose.ts';

const environment = parseEnvironment(ExchangeTokenEnvironment, process.env);
const exchange = exchangeToken({
  verifier: joseTokenVerifier(readDeployment(import.meta.dirname)),
  ledger: newLedger(environment.TABLE_NAME),
  issueToken: sessionTokens({
    signer: kmsSigner(newKms(), environment.SESSION_SIGNING_KEY_ID),
    ids: randomIds,
    issuer: environment.ISSUER,
  }),
  clock: systemClock,
  ids: randomIds,
});

export const handler = httpHandler('exchange-token', [
  serve(exchangeTokenRoute, async ({ body }) => {
    const issued = await issue(body);
    return {
      status: 200,
      body: {
        access_token: issued.accessToken,
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: issued.tokenType,
        expires_in: issued.expiresInSeconds,
      } satisfies TokenAnswer,
    };
  }),
]);

/** One step a grant. */
function issue(form: TokenRequestForm): Promise<IssuedToken> {
  switch (form.grant_type) {
    case TOKEN_EXCHANGE:
      return exchange({ subjectToken: form.subject_token, actorToken: form.actor_token });
  }
}
