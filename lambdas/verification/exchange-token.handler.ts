import { newDynamoDb, newKms, newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { kmsSigner } from '../platform/signer.kms.ts';
import { dynamoDbSingleUse } from '../platform/single-use.dynamodb.ts';
import { ExchangeTokenEnvironment } from './environment.ts';
import { exchangeToken } from './exchange-token.step.ts';
import {
  exchangeTokenRoute,
  TOKEN_EXCHANGE,
  type TokenAnswer,
  type TokenRequestForm,
} from './oauth.routes.ts';
import type { ShownToken } from './prove-identities.step.ts';
import { type IssuedToken, sessionTokens } from './session-token.ts';
import { joseTokenVerifier } from './token-verifier.jose.ts';
import { stsTokenVerifier } from './token-verifier.sts.ts';

const environment = parseEnvironment(ExchangeTokenEnvironment, process.env);
const deployment = readDeployment(import.meta.dirname);
const jwt = joseTokenVerifier(deployment);
const exchange = exchangeToken({
  verifiers: {
    'urn:ietf:params:oauth:token-type:id_token': jwt,
    'urn:ietf:params:oauth:token-type:jwt': jwt,
    'urn:sallyport:params:oauth:token-type:aws-caller': stsTokenVerifier(deployment, environment.ISSUER),
  },
  singleUse: dynamoDbSingleUse(newDynamoDb(), environment.TABLE_NAME),
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
      return exchange({
        subject: { token: form.subject_token, type: form.subject_token_type },
        actor: actorIn(form),
      });
  }
}

function actorIn({
  actor_token: token,
  actor_token_type: type,
}: Extract<TokenRequestForm, { grant_type: typeof TOKEN_EXCHANGE }>): ShownToken | undefined {
  return token === undefined || type === undefined ? undefined : { token, type };
}
