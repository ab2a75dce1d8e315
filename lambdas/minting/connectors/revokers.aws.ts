import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { newIam } from '../../platform/clients.aws.ts';
import { systemClock } from '../../platform/clock.system.ts';
import type { Deployment } from '../../platform/deployment.ts';
import type { Ledger } from '../../platform/ledger.port.ts';
import { allRotators } from '../../rotation/rotators/rotators.aws.ts';
import { secretsManagerAdministratorSecrets } from '../administrator-secrets.secrets-manager.ts';
import type { Revokers } from '../connector.port.ts';
import { awsStsRevoker } from './aws-sts/revoker.aws-sts.ts';
import { enforcedRevoker } from './enforced/revoker.enforced.ts';
import { githubAppRevoker } from './github-app/revoker.github-app.ts';
import { kubernetesRevoker } from './kubernetes/revoker.kubernetes.ts';
import { oauthJwtRevoker } from './oauth-jwt/revoker.oauth-jwt.ts';
import { postgresRevoker } from './postgres/revoker.postgres.ts';
import { type RotateSecret, secretRevoker } from './secret/revoker.secret.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Ledger;
  readonly secretsManager: SecretsManagerClient;
  /** Starts the rotation of a managed secret, or joins the one that runs. */
  readonly rotate: RotateSecret;
}

/** The ending half of every connector. */
export function allRevokers({ deployment, ledger, secretsManager, rotate }: Dependencies): Revokers {
  const secrets = secretsManagerAdministratorSecrets(secretsManager);
  return {
    'oauth-jwt': oauthJwtRevoker(ledger),
    postgres: postgresRevoker(secrets),
    'aws-sts': awsStsRevoker({ iam: newIam(), iamAs: newIam, clock: systemClock }),
    kubernetes: kubernetesRevoker(secrets),
    'github-app': githubAppRevoker(),
    enforced: enforcedRevoker(),
    secret: secretRevoker({ deployment, ledger, rotators: allRotators(secretsManager), rotate }),
  };
}
