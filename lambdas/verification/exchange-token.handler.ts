import { newDynamoDb, newKms, newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { joseIssuedTokenVerifier } from '../platform/issued-token.jose.ts';
import { oauthError } from '../platform/problem.ts';
import { jwtProofNonces } from '../platform/proof-nonce.jose.ts';
import { joseProofReader } from '../platform/proof-of-possession.jose.ts';
import { kmsPublicKey, kmsSigner } from '../platform/signer.kms.ts';
import { dynamoDbSingleUse } from '../platform/single-use.dynamodb.ts';
import { authorizeCaller } from './authorize-caller.step.ts';
import type { Caller } from './caller.ts';
import { ExchangeTokenEnvironment } from './environment.ts';
import { exchangeToken } from './exchange-token.step.ts';
import {
  CIBA,
  exchangeTokenRoute,
  HANDOFF,
  TOKEN_EXCHANGE,
  type TokenAnswer,
  type TokenRequestForm,
} from './oauth.routes.ts';
import type { ShownToken, TokenVerifiers } from './prove-identities.step.ts';
import { redeemBackchannel } from './redeem-backchannel.step.ts';
import { redeemHandoff } from './redeem-handoff.step.ts';
import { type IssuedToken, sessionTokens } from './session-token.ts';
import { joseTokenVerifier } from './token-verifier.jose.ts';
import { stsTokenVerifier } from './token-verifier.sts.ts';

const environment = parseEnvironment(ExchangeTokenEnvironment, process.env);
const deployment = readDeployment(import.meta.dirname);
const jwt = joseTokenVerifier(deployment);
const kms = newKms();
const singleUse = dynamoDbSingleUse(newDynamoDb(), environment.TABLE_NAME);
const ledger = newLedger(environment.TABLE_NAME);
const clock = systemClock;
const issueToken = sessionTokens({
  signer: kmsSigner(kms, environment.SESSION_SIGNING_KEY_ID),
  ids: randomIds,
  issuer: environment.ISSUER,
});
const verifiers: TokenVerifiers = {
  'urn:ietf:params:oauth:token-type:id_token': jwt,
  'urn:ietf:params:oauth:token-type:jwt': jwt,
  'urn:sallyport:params:oauth:token-type:aws-caller': stsTokenVerifier(deployment, environment.ISSUER),
};
const exchange = exchangeToken({
  verifiers,
  singleUse,
  ledger,
  issueToken,
  clock,
  ids: randomIds,
});
const redeem = redeemBackchannel({
  deployment,
  ledger,
  singleUse,
  issueToken,
  issuer: environment.ISSUER,
  clock,
  ids: randomIds,
});
const takeOver = redeemHandoff({
  deployment,
  verifiers,
  singleUse,
  ledger,
  issueToken,
  clock,
  ids: randomIds,
});
const authorize = authorizeCaller({
  tokens: joseIssuedTokenVerifier(environment.ISSUER, {
    session: kmsPublicKey(kms, environment.SESSION_SIGNING_KEY_ID),
  }),
  ledger,
  clock,
  proofs: joseProofReader,
  nonces: jwtProofNonces(newSecretsManager(), environment.DERIVATION_SECRET_ID),
  singleUse,
  issuer: environment.ISSUER,
});

export const handler = httpHandler('exchange-token', [
  serve(exchangeTokenRoute, async ({ body, headers }) => {
    const issued = await issue(body, headers);
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

type RequestHeaders = Readonly<Record<string, string | undefined>>;

/** One step a grant. */
async function issue(form: TokenRequestForm, headers: RequestHeaders): Promise<IssuedToken> {
  switch (form.grant_type) {
    case TOKEN_EXCHANGE:
      return exchangeOrTakeOver(form);
    case CIBA:
      return redeem(await clientOf(headers), form.auth_req_id);
  }
}

type TokenExchange = Extract<TokenRequestForm, { grant_type: typeof TOKEN_EXCHANGE }>;

/** A handoff is the subject token where its code stands for the session, or comes beside the subject's own. */
function exchangeOrTakeOver(form: TokenExchange): Promise<IssuedToken> {
  const { subject_token: token, subject_token_type: type, handoff } = form;
  const actor = actorIn(form);
  if (type === HANDOFF) return takeOver({ code: token, own: actor && { as: 'actor', token: actor } });
  const subject: ShownToken = { token, type };
  if (handoff !== undefined) return takeOver({ code: handoff, own: { as: 'subject', token: subject } });
  return exchange({ subject, actor });
}

/** Who polls authenticates with an access token of its own. The authorizer does not look at an open route. */
async function clientOf({ authorization, dpop }: RequestHeaders): Promise<Caller> {
  const { method, path } = exchangeTokenRoute;
  const found = await authorize({ authorization, proof: dpop, method, path });
  if ('caller' in found) return found.caller;
  throw oauthError('invalid_client', 'Send an access token: Authorization: Bearer …', 401);
}

function actorIn({ actor_token: token, actor_token_type: type }: TokenExchange): ShownToken | undefined {
  return token === undefined || type === undefined ? undefined : { token, type };
}
