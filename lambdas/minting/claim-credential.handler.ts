import { policiesInForce } from '../decision/policies-in-force.aws.ts';
import { newKms, newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { kmsSigner } from '../platform/signer.kms.ts';
import { type ClaimedCredential, claimCredential } from './claim-credential.step.ts';
import { allMinters } from './connectors/minters.aws.ts';
import { fillableVault } from './credential-vault.secrets-manager.ts';
import { ClaimCredentialEnvironment } from './environment.ts';
import { authorizationDetails } from './grant.ts';
import { claimCredentialRoute } from './grants.routes.ts';

const environment = parseEnvironment(ClaimCredentialEnvironment, process.env);
const secretsManager = newSecretsManager();
const ledger = newLedger(environment.TABLE_NAME);
const claim = claimCredential({
  deployment: readDeployment(import.meta.dirname),
  policies: policiesInForce(import.meta.dirname, ledger),
  minters: allMinters({
    issuer: environment.ISSUER,
    signer: kmsSigner(newKms(), environment.GRANT_SIGNING_KEY_ID),
    ledger,
    secretsManager,
  }),
  vault: fillableVault(secretsManager, {
    kmsKeyId: environment.DATA_KEY_ID,
    secretsArn: environment.SECRETS_ARN,
    writers: environment.VAULT_WRITERS,
    readers: environment.VAULT_READERS,
  }),
  ledger,
  clock: systemClock,
});

export const handler = httpHandler('claim-credential', [
  serve(claimCredentialRoute, async ({ caller, parameters }) => {
    const claimed = await claim(caller, parameters['id'] ?? '');
    return {
      status: 200,
      body: {
        ...delivered(claimed),
        expires_in: claimed.expiresInSeconds,
        scope: claimed.grant.permissions.join(' '),
        authorization_details: [authorizationDetails(claimed.grant)],
        grant: claimed.grant.id,
      },
    };
  }),
]);

/** A token is given as a token (RFC 6749 §5.1), anything else by its parts, or by the name of the secret that it is in. */
function delivered({
  material,
  tokenType,
  secret,
}: Pick<ClaimedCredential, 'material' | 'tokenType' | 'secret'>) {
  if (material === undefined) return { secret };
  return tokenType === undefined ? { credential: material } : { ...material, token_type: tokenType };
}
