import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { newSts } from '../../platform/clients.aws.ts';
import type { Ledger } from '../../platform/ledger.port.ts';
import type { Signer } from '../../platform/signer.port.ts';
import { secretsManagerVersions } from '../../rotation/secret-versions.secrets-manager.ts';
import { secretsManagerAdministratorSecrets } from '../administrator-secrets.secrets-manager.ts';
import type { Minters } from '../connector.port.ts';
import { awsStsMinter } from './aws-sts/minter.aws-sts.ts';
import { enforcedMinter } from './enforced/minter.enforced.ts';
import { githubAppMinter } from './github-app/minter.github-app.ts';
import { kubernetesMinter } from './kubernetes/minter.kubernetes.ts';
import { oauthJwtMinter } from './oauth-jwt/minter.oauth-jwt.ts';
import { postgresMinter } from './postgres/minter.postgres.ts';
import { secretMinter } from './secret/minter.secret.ts';

interface Dependencies {
  readonly issuer: string;
  readonly signer: Signer;
  readonly ledger: Ledger;
  readonly secretsManager: SecretsManagerClient;
}

/** The making half of every connector. */
export function allMinters({ issuer, signer, ledger, secretsManager }: Dependencies): Minters {
  const secrets = secretsManagerAdministratorSecrets(secretsManager);
  return {
    'oauth-jwt': oauthJwtMinter(issuer, signer),
    postgres: postgresMinter(secrets),
    'aws-sts': awsStsMinter(newSts()),
    kubernetes: kubernetesMinter(secrets),
    'github-app': githubAppMinter(secrets),
    enforced: enforcedMinter(),
    secret: secretMinter(ledger, secretsManagerVersions(secretsManager)),
  };
}
