import { readCompiledPolicies } from '../decision/compiled-policies.file.ts';
import { cedarPolicyEngine } from '../decision/policy-engine.cedar.ts';
import { newKms, newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { kmsSigner } from '../platform/signer.kms.ts';
import { claimCredential } from './claim-credential.step.ts';
import { oauthJwtMinter } from './connectors/oauth-jwt/minter.oauth-jwt.ts';
import { ClaimCredentialEnvironment } from './environment.ts';
import { authorizationDetails } from './grant.ts';
import { claimCredentialRoute } from './grants.routes.ts';

const environment = parseEnvironment(ClaimCredentialEnvironment, process.env);
const claim = claimCredential({
  deployment: readDeployment(import.meta.dirname),
  engine: cedarPolicyEngine(readCompiledPolicies(import.meta.dirname)),
  minters: {
    'oauth-jwt': oauthJwtMinter(environment.ISSUER, kmsSigner(newKms(), environment.GRANT_SIGNING_KEY_ID)),
  },
  ledger: newLedger(environment.TABLE_NAME),
  clock: systemClock,
});

export const handler = httpHandler('claim-credential', [
  serve(claimCredentialRoute, async ({ caller, parameters }) => {
    const { value, tokenType, grant, expiresInSeconds } = await claim(caller, parameters['id'] ?? '');
    return {
      status: 200,
      body: {
        access_token: value,
        token_type: tokenType,
        expires_in: expiresInSeconds,
        scope: grant.permissions.join(' '),
        authorization_details: [authorizationDetails(grant)],
        grant: grant.id,
      },
    };
  }),
]);
