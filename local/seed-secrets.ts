import {
  CreateSecretCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { administratorSecretName } from '../lambdas/platform/target.ts';
import type { Runtime } from './runtime.ts';

/** Puts what connectors administer their targets with where who deploys Sallyport to AWS puts it. */
export async function seedAdministratorSecrets(
  { client }: { readonly client: Partial<Runtime['client']> },
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Promise<void> {
  const secretsManager = new SecretsManagerClient(client);
  for (const [target, material] of Object.entries(secrets)) {
    const Name = administratorSecretName(target);
    const SecretString = JSON.stringify(material);
    try {
      await secretsManager.send(new CreateSecretCommand({ Name, SecretString }));
    } catch (error) {
      if (!(error instanceof ResourceExistsException)) throw error;
      await secretsManager.send(new PutSecretValueCommand({ SecretId: Name, SecretString }));
    }
  }
  secretsManager.destroy();
}
