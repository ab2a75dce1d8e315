import { setTimeout as wait } from 'node:timers/promises';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { ApiClient } from './api-client.ts';
import { expect } from './scenario.ts';
import type { Sallyport } from './world.ts';

const LONGEST_WAIT_MILLISECONDS = 15_000;

/** Reads managed secrets as their consumers do: from Secrets Manager, whatever version is the current one. */
export function secretReader({ client }: Pick<Sallyport, 'client'>) {
  const secretsManager = new SecretsManagerClient(client);
  return {
    async read(id: string, stage = 'AWSCURRENT'): Promise<Record<string, string>> {
      const { SecretString } = await secretsManager.send(
        new GetSecretValueCommand({ SecretId: `sallyport/secrets/${id}`, VersionStage: stage }),
      );
      return JSON.parse(SecretString ?? '{}');
    },
    close: () => secretsManager.destroy(),
  };
}

/** Puts a secret under management, if it is not, and waits for its first value. */
export async function manageSecret(administrator: ApiClient, connection: string): Promise<void> {
  const known = await administrator.get(`/v1/secrets/${connection}`);
  if (known.status === 200) return;
  const { status, body } = await administrator.post('/v1/secrets', {
    connection,
    owner: 'owner',
    consumers: ['shop'],
    rotate_every: 'P30D',
  });
  expect('status', status, 202);
  const { status: ended } = await followRotation(administrator, body.rotation.id);
  expect('first rotation', ended, 'succeeded');
}

/** Follows a rotation to its end; fails after fifteen seconds of the machine's time. */
// biome-ignore lint/suspicious/noExplicitAny: callers look into the rotation
export async function followRotation(client: ApiClient, rotationId: string): Promise<any> {
  const givesUpAt = performance.now() + LONGEST_WAIT_MILLISECONDS;
  for (;;) {
    const { body } = await client.get(`/v1/rotations/${rotationId}`);
    if (body.rotation.status !== 'running') return body.rotation;
    if (performance.now() > givesUpAt)
      throw new Error(`Rotation ${rotationId} has not ended: ${JSON.stringify(body.rotation)}`);
    await wait(25);
  }
}
