import type {
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
} from 'aws-lambda';
import { newDynamoDb, newKms, newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { joseIssuedTokenVerifier } from '../platform/issued-token.jose.ts';
import { describeFailure, log } from '../platform/logger.powertools.ts';
import { jwtProofNonces } from '../platform/proof-nonce.jose.ts';
import { joseProofReader } from '../platform/proof-of-possession.jose.ts';
import { kmsPublicKey } from '../platform/signer.kms.ts';
import { dynamoDbSingleUse } from '../platform/single-use.dynamodb.ts';
import { type Authorization, authorizeCaller } from './authorize-caller.step.ts';
import { AuthorizeCallerEnvironment } from './environment.ts';

const environment = parseEnvironment(AuthorizeCallerEnvironment, process.env);
const authorize = authorizeCaller({
  tokens: joseIssuedTokenVerifier(environment.ISSUER, {
    session: kmsPublicKey(newKms(), environment.SESSION_SIGNING_KEY_ID),
  }),
  ledger: newLedger(environment.TABLE_NAME),
  clock: systemClock,
  proofs: joseProofReader,
  nonces: jwtProofNonces(newSecretsManager(), environment.DERIVATION_SECRET_ID),
  singleUse: dynamoDbSingleUse(newDynamoDb(), environment.TABLE_NAME),
  issuer: environment.ISSUER,
  reportCycle: (principal) => log.error('groups are members of each other', { principal }),
});

/**
 * Lets every request through to its function and tells it whom it found, or that it found nobody: only the
 * function can answer with the challenge that RFC 6750 asks for. A failure here answers 500 and reaches no
 * function.
 */
export async function handler(
  event: APIGatewayRequestAuthorizerEventV2,
): Promise<APIGatewaySimpleAuthorizerWithContextResult<object>> {
  try {
    const found = await authorize({
      authorization: event.headers?.['authorization'],
      proof: event.headers?.['dpop'],
      method: event.requestContext.http.method,
      path: event.rawPath,
    });
    return { isAuthorized: true, context: inContext(found) };
  } catch (error) {
    log.error('authorize-caller failed', { failure: describeFailure(error) });
    throw error;
  }
}

/** API Gateway hands on texts. */
function inContext(found: Authorization): Record<string, string> {
  return 'caller' in found ? { ...found, caller: JSON.stringify(found.caller) } : { ...found };
}
