import {
  CreateSecretCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { administratorSecretName } from '../lambdas/platform/target.ts';
import type { Runtime } from './runtime.ts';

/** What Sallyport shows to other systems. */
export interface SystemSecrets {
  /** What connectors administer their targets with, by the target's id. */
  readonly administratorSecrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What receivers of signals want to see, by the name of its secret. */
  readonly receiverSecrets: Readonly<Record<string, string>>;
}

/** Puts it where who deploys Sallyport to AWS puts it. */
export async function seedSecrets(
  { client }: { readonly client: Partial<Runtime['client']> },
  { administratorSecrets, receiverSecrets }: SystemSecrets,
): Promise<void> {
  const secretsManager = new SecretsManagerClient(client);
  const byName = [
    ...Object.entries(administratorSecrets).map(
      ([target, material]) => [administratorSecretName(target), JSON.stringify(material)] as const,
    ),
    ...Object.entries(receiverSecrets),
  ];
  for (const [Name, SecretString] of byName) {
    try {
      await secretsManager.send(new CreateSecretCommand({ Name, SecretString }));
    } catch (error) {
      if (!(error instanceof ResourceExistsException)) throw error;
      await secretsManager.send(new PutSecretValueCommand({ SecretId: Name, SecretString }));
    }
  }
  secretsManager.destroy();
}
