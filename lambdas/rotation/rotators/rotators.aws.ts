import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { secretsManagerAdministratorSecrets } from '../../minting/administrator-secrets.secrets-manager.ts';
import type { Rotators } from '../rotator.port.ts';
import { apiKeyRotator } from './api-key/rotator.https.ts';
import { oauthClientRotator } from './oauth-client/rotator.https.ts';
import { postgresUserRotator } from './postgres-user/rotator.postgres.ts';
import { signingKeyRotator } from './signing-key/rotator.jose.ts';

/** What rotates the secrets of every kind of system. */
export function allRotators(secretsManager: SecretsManagerClient): Rotators {
  const secrets = secretsManagerAdministratorSecrets(secretsManager);
  return {
    'postgres-user': postgresUserRotator(secrets),
    'api-key': apiKeyRotator(secrets),
    'oauth-client': oauthClientRotator(secrets),
    'signing-key': signingKeyRotator(),
  };
}
