import type {
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
} from 'aws-lambda';
import { newKms, newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { joseIssuedTokenVerifier } from '../platform/issued-token.jose.ts';
import { describeFailure, log } from '../platform/logger.powertools.ts';
import { kmsPublicKey } from '../platform/signer.kms.ts';
import { authorizeCaller } from './authorize-caller.step.ts';
import { AuthorizeCallerEnvironment } from './environment.ts';

const environment = parseEnvironment(AuthorizeCallerEnvironment, process.env);
const authorize = authorizeCaller({
  tokens: joseIssuedTokenVerifier(environment.ISSUER, {
    session: kmsPublicKey(newKms(), environment.SESSION_SIGNING_KEY_ID),
  }),
  ledger: newLedger(environment.TABLE_NAME),
  clock: systemClock,
});

/**
 * Lets every request through to its function and tells it whom it found, or that it found nobody: only the
 * function can answer with the challenge that RFC 6750 asks for. A failure here answers 500 and reaches no
 * function.
 */
export async function handler(
  event: APIGatewayRequestAuthorizerEventV2,
): Promise<APIGatewaySimpleAuthorizerWithContextResult<{ caller: string } | { refusal: string }>> {
  try {
    const found = await authorize(event.headers?.['authorization']);
    const context = 'caller' in found ? { caller: JSON.stringify(found.caller) } : found;
    return { isAuthorized: true, context };
  } catch (error) {
    log.error('authorize-caller failed', { failure: describeFailure(error) });
    throw error;
  }
}
