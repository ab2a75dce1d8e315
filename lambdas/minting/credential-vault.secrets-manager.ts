import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { DependencyUnavailable } from '../platform/failures.ts';
import type { CredentialVault } from './credential-vault.port.ts';
import { grantSecretName } from './grant.ts';

const Kept = z.record(z.string(), z.string());

/** How a vault is filled. */
export interface VaultFilling {
  /** The key that the secrets are encrypted with. */
  readonly kmsKeyId: string;
  /** What the ARNs of the account's secrets begin with, up to their names. */
  readonly secretsArn: string;
  /** Who of Sallyport fills it, and who tries and destroys what is in it: patterns of the ARNs of their roles. */
  readonly writers: string;
  readonly readers: string;
}

/**
 * The vault in Secrets Manager, a secret a grant, for those who end credentials. They ask by the ARN, as far as it is
 * known before there is a secret: the name of one that is not there matches no permission, so that who asks by it is
 * refused where the answer should be that there is none.
 * @param secretsArn what the ARNs of the account's secrets begin with, up to their names
 */
export function secretsManagerVault(
  client: SecretsManagerClient,
  secretsArn: string,
): Pick<CredentialVault, 'read' | 'destroy'> {
  const secretOf = (grantId: string): string => `${secretsArn}${grantSecretName(grantId)}`;
  return {
    async read(grantId) {
      try {
        const { SecretString } = await client.send(
          new GetSecretValueCommand({ SecretId: secretOf(grantId) }),
        );
        return Kept.parse(JSON.parse(SecretString ?? '{}'));
      } catch (error) {
        // Also of one that was made and not filled.
        if (error instanceof ResourceNotFoundException) return undefined;
        throw unavailable(error);
      }
    },

    async destroy(grantId) {
      try {
        await client.send(
          new DeleteSecretCommand({ SecretId: secretOf(grantId), ForceDeleteWithoutRecovery: true }),
        );
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw unavailable(error);
      }
    },
  };
}

/** The same vault for those who make credentials. */
export function fillableVault(client: SecretsManagerClient, filling: VaultFilling): CredentialVault {
  return {
    ...secretsManagerVault(client, filling.secretsArn),

    async keep(grantId, material, reader) {
      const SecretId = grantSecretName(grantId);
      try {
        // Made empty and closed before it is filled: there is no moment at which others could read it.
        await make(SecretId);
        await client.send(
          new PutResourcePolicyCommand({
            SecretId,
            ResourcePolicy: JSON.stringify(vaultPolicy(filling, reader)),
          }),
        );
        await client.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(material) }));
      } catch (error) {
        throw unavailable(error);
      }
      return { secret: SecretId };
    },
  };

  async function make(Name: string): Promise<void> {
    const Description = 'The credential of a Sallyport grant. It is deleted when the grant ends.';
    try {
      await client.send(new CreateSecretCommand({ Name, Description, KmsKeyId: filling.kmsKeyId }));
    } catch (error) {
      if (!(error instanceof ResourceExistsException)) throw error;
    }
  }
}

/**
 * Whatever the account's own policies allow: read by the grantee and by who ends the grant, changed by who has made it.
 * Anybody who may can still delete it, which discloses nothing.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html
 */
function vaultPolicy({ writers, readers }: VaultFilling, reader: string | undefined) {
  const grantee = reader === undefined ? [] : [reader];
  return {
    Version: '2012-10-17',
    Statement: [
      ...grantee.map((AWS) => ({
        Sid: 'GranteeReads',
        Effect: 'Allow',
        Principal: { AWS },
        Action: 'secretsmanager:GetSecretValue',
        Resource: '*',
      })),
      {
        Sid: 'NobodyElseReads',
        Effect: 'Deny',
        Principal: '*',
        Action: 'secretsmanager:GetSecretValue',
        Resource: '*',
        Condition: { ArnNotLike: { 'aws:PrincipalArn': [...grantee, readers] } },
      },
      {
        Sid: 'NobodyElseChanges',
        Effect: 'Deny',
        Principal: '*',
        Action: [
          'secretsmanager:DeleteResourcePolicy',
          'secretsmanager:PutResourcePolicy',
          'secretsmanager:PutSecretValue',
          'secretsmanager:ReplicateSecretToRegions',
          'secretsmanager:RotateSecret',
          'secretsmanager:UpdateSecret',
          'secretsmanager:UpdateSecretVersionStage',
        ],
        Resource: '*',
        Condition: { ArnNotLike: { 'aws:PrincipalArn': [writers] } },
      },
    ],
  };
}

function unavailable(cause: unknown): DependencyUnavailable {
  return new DependencyUnavailable('Secrets Manager did not confirm the call', { cause });
}
