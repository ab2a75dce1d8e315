import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { newIam } from '../../platform/clients.aws.ts';
import { systemClock } from '../../platform/clock.system.ts';
import type { Ledger } from '../../platform/ledger.port.ts';
import { secretsManagerAdministratorSecrets } from '../administrator-secrets.secrets-manager.ts';
import type { Revokers } from '../connector.port.ts';
import { awsStsRevoker } from './aws-sts/revoker.aws-sts.ts';
import { githubAppRevoker } from './github-app/revoker.github-app.ts';
import { kubernetesRevoker } from './kubernetes/revoker.kubernetes.ts';
import { oauthJwtRevoker } from './oauth-jwt/revoker.oauth-jwt.ts';
import { postgresRevoker } from './postgres/revoker.postgres.ts';
import { secretRevoker } from './secret/revoker.secret.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly secretsManager: SecretsManagerClient;
}

/** The ending half of every connector. */
export function allRevokers({ ledger, secretsManager }: Dependencies): Revokers {
  const secrets = secretsManagerAdministratorSecrets(secretsManager);
  return {
    'oauth-jwt': oauthJwtRevoker(ledger),
    postgres: postgresRevoker(secrets),
    'aws-sts': awsStsRevoker({ iam: newIam(), iamAs: newIam, clock: systemClock }),
    kubernetes: kubernetesRevoker(secrets),
    'github-app': githubAppRevoker(),
    secret: secretRevoker(secrets),
  };
}
