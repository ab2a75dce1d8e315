import { newDynamoDb, newKms, newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { epochSeconds } from '../platform/clock.port.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { joseIssuedTokenVerifier } from '../platform/issued-token.jose.ts';
import { oauthError, type Problem } from '../platform/problem.ts';
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
import { provePossession } from './prove-possession.step.ts';
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
const possession = {
  proofs: joseProofReader,
  nonces: jwtProofNonces(newSecretsManager(), environment.DERIVATION_SECRET_ID),
  singleUse,
  issuer: environment.ISSUER,
};
const prove = provePossession(possession);
const authorize = authorizeCaller({
  tokens: joseIssuedTokenVerifier(environment.ISSUER, {
    session: kmsPublicKey(kms, environment.SESSION_SIGNING_KEY_ID),
  }),
  ledger,
  clock,
  ...possession,
});

/** How a request to this endpoint says who sends it, and with which key. */
interface Sender {
  readonly authorization: string | undefined;
  readonly proof: string | undefined;
}

/** The key that was proven and a nonce for the next proof; neither where no proof was sent. */
interface ProvenKey {
  readonly keyThumbprint?: string | undefined;
  readonly nextNonce?: string | undefined;
}

export const handler = httpHandler('exchange-token', [
  serve(exchangeTokenRoute, async ({ body, headers }) => {
    const sender = { authorization: headers['authorization'], proof: headers['dpop'] };
    const { issued, nextNonce } = await issue(body, sender);
    return {
      status: 200,
      body: {
        access_token: issued.accessToken,
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        token_type: issued.tokenType,
        expires_in: issued.expiresInSeconds,
      } satisfies TokenAnswer,
      headers: nonceHeader(nextNonce),
    };
  }),
]);

/** One step a grant. Whatever it is for, a token is bound to the key that was proven with the request. */
async function issue(
  form: TokenRequestForm,
  sender: Sender,
): Promise<{ issued: IssuedToken; nextNonce: string | undefined }> {
  switch (form.grant_type) {
    case TOKEN_EXCHANGE: {
      const { keyThumbprint, nextNonce } = await keyOf(sender);
      return { issued: await exchangeOrTakeOver(form, keyThumbprint), nextNonce };
    }
    case CIBA: {
      const client = await clientOf(sender);
      // The proof of a client whose token is bound was used up with that token.
      const { keyThumbprint, nextNonce } = client.keyThumbprint === undefined ? await keyOf(sender) : client;
      return { issued: await redeem(client.caller, form.auth_req_id, keyThumbprint), nextNonce };
    }
  }
}

type TokenExchange = Extract<TokenRequestForm, { grant_type: typeof TOKEN_EXCHANGE }>;

/** A handoff is the subject token where its code stands for the session, or comes beside the subject's own. */
function exchangeOrTakeOver(form: TokenExchange, keyThumbprint: string | undefined): Promise<IssuedToken> {
  const { subject_token: token, subject_token_type: type, handoff } = form;
  const actor = actorIn(form);
  const key = { provenKeyThumbprint: keyThumbprint };
  if (type === HANDOFF) return takeOver({ code: token, own: actor && { as: 'actor', token: actor }, ...key });
  const subject: ShownToken = { token, type };
  if (handoff !== undefined)
    return takeOver({ code: handoff, own: { as: 'subject', token: subject }, ...key });
  return exchange({ subject, actor, keyThumbprint });
}

const endpoint = { method: exchangeTokenRoute.method, path: exchangeTokenRoute.path };

async function keyOf({ proof }: Sender): Promise<ProvenKey> {
  if (proof === undefined) return {};
  const proven = await prove({ proof, ...endpoint }, epochSeconds(clock));
  if ('refusal' in proven) throw badProof(proven.refusal, proven.nextNonce);
  return proven;
}

/** Who polls authenticates with an access token of its own. The authorizer does not look at an open route. */
async function clientOf(sender: Sender): Promise<ProvenKey & { readonly caller: Caller }> {
  const found = await authorize({ ...sender, ...endpoint });
  if ('caller' in found) return { ...found, keyThumbprint: found.caller.keyThumbprint };
  if (found.refusal === 'invalid_dpop_proof' || found.refusal === 'use_dpop_nonce')
    throw badProof(found.refusal, found.nextNonce);
  throw oauthError('invalid_client', 'Send an access token: Authorization: Bearer …', 401);
}

/** RFC 9449 §5, §8. */
function badProof(error: 'invalid_dpop_proof' | 'use_dpop_nonce', nextNonce: string | undefined): Problem {
  const description =
    error === 'use_dpop_nonce'
      ? 'Make the proof with the nonce that this answer gives in DPoP-Nonce.'
      : 'The proof is not a valid one for this request, or was shown before.';
  return oauthError(error, description, 400, nonceHeader(nextNonce));
}

function nonceHeader(nonce: string | undefined): Record<string, string> {
  return nonce === undefined ? {} : { 'dpop-nonce': nonce };
}

function actorIn({ actor_token: token, actor_token_type: type }: TokenExchange): ShownToken | undefined {
  return token === undefined || type === undefined ? undefined : { token, type };
}
