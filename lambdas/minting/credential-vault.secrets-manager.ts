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

const Kept = z.record(z.string(), z.string());

/** The name of the secret that a grant's credential is kept in. */
export function grantSecretName(grantId: string): string {
  return `sallyport/grants/${grantId}`;
}

/** The vault in Secrets Manager, a secret a grant, encrypted with a key of Sallyport's. */
export function secretsManagerVault(client: SecretsManagerClient, kmsKeyId?: string): CredentialVault {
  return {
    async keep(grantId, material, reader) {
      const name = grantSecretName(grantId);
      const SecretString = JSON.stringify(material);
      try {
        await client.send(
          new CreateSecretCommand({
            Name: name,
            SecretString,
            Description: 'The credential of a Sallyport grant. It is deleted when the grant ends.',
            ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
          }),
        );
      } catch (error) {
        if (!(error instanceof ResourceExistsException)) throw unavailable(error);
        await confirmed(() => client.send(new PutSecretValueCommand({ SecretId: name, SecretString })));
      }
      if (reader !== undefined) {
        await confirmed(() =>
          client.send(
            new PutResourcePolicyCommand({
              SecretId: name,
              ResourcePolicy: JSON.stringify(readableBy(reader)),
            }),
          ),
        );
      }
      return { secret: name };
    },

    async read(grantId) {
      try {
        const { SecretString } = await client.send(
          new GetSecretValueCommand({ SecretId: grantSecretName(grantId) }),
        );
        return Kept.parse(JSON.parse(SecretString ?? '{}'));
      } catch (error) {
        if (error instanceof ResourceNotFoundException) return undefined;
        throw unavailable(error);
      }
    },

    async destroy(grantId) {
      try {
        await client.send(
          new DeleteSecretCommand({ SecretId: grantSecretName(grantId), ForceDeleteWithoutRecovery: true }),
        );
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw unavailable(error);
      }
    },
  };
}

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html */
function readableBy(reader: string) {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Grantee',
        Effect: 'Allow',
        Principal: { AWS: reader },
        Action: 'secretsmanager:GetSecretValue',
        Resource: '*',
      },
    ],
  };
}

async function confirmed<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    throw unavailable(error);
  }
}

function unavailable(cause: unknown): DependencyUnavailable {
  return new DependencyUnavailable('Secrets Manager did not confirm the call', { cause });
}
