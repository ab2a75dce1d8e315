import { expect } from 'vitest';
import type { ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import { followRotation } from '../../demo/managed-secrets.ts';
import type { World } from '../../demo/world.ts';

export const secretAdministrator = (world: World): Promise<ApiClient> => world.as('platform-engineer');

export const registerSecret = (
  client: ApiClient,
  connection: string,
  over: object = {},
): Promise<ApiAnswer> =>
  client.post('/v1/secrets', { connection, owner: 'owner', rotate_every: 'P30D', ...over });

/**
 * Puts a secret under management, if it is not, and waits for its first value.
 * @param pass lets the time pass until a value that has to be told of beforehand is taken
 */
export async function managedSecret(
  world: World,
  connection: string,
  pass: () => Promise<void> = async () => {},
): Promise<void> {
  const { status, body } = await registerSecret(await secretAdministrator(world), connection);
  if (status === 409) return;
  expect(status).toBe(202);
  await world.sallyport.settled();
  await pass();
  expect(await followRotation(await secretAdministrator(world), body.rotation.id)).toMatchObject({
    status: 'succeeded',
  });
}

/** Rotates a secret on demand and follows it to its end. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into the documents
export async function rotateSecret(world: World, id: string): Promise<any> {
  const { status, body } = await (await secretAdministrator(world)).post(`/v1/secrets/${id}/rotations`);
  expect(status).toBe(202);
  await world.sallyport.settled();
  return followRotation(await secretAdministrator(world), body.rotation.id);
}

/** Calls the vendor with an API key; the status of its answer. */
export function shipParcels(vendorUrl: string, { api_key }: Record<string, string>): Promise<number> {
  const headers = { authorization: `Bearer ${api_key}` };
  return fetch(`${vendorUrl}/parcels`, { headers }).then(({ status }) => status);
}
