import { hkdfSync } from 'node:crypto';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DependencyUnavailable } from './failures.ts';

/**
 * A symmetric key of 32 bytes for one purpose (RFC 5869), from the deployment's managed secret. What was made under
 * the key of one purpose says nothing under that of another. It is fetched when it is first needed, and then kept.
 * @throws DependencyUnavailable where the secret could not be had; it is fetched again at the next call
 */
export function derivedKey(
  secrets: SecretsManagerClient,
  secretId: string,
  purpose: string,
): () => Promise<Uint8Array> {
  let fetched: Promise<Uint8Array> | undefined;
  return () => {
    fetched ??= fetchKey().catch((error: unknown) => {
      fetched = undefined;
      throw error;
    });
    return fetched;
  };

  async function fetchKey(): Promise<Uint8Array> {
    try {
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretId }));
      if (SecretString === undefined) throw new TypeError('The secret holds no text');
      return new Uint8Array(hkdfSync('sha256', SecretString, '', purpose, 32));
    } catch (cause) {
      throw new DependencyUnavailable('The managed secret could not be had', { cause });
    }
  }
}
