import { expect } from 'vitest';
import type { ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { type AccessCase, isActive } from './access-path.ts';
import { chainOf, executionStatusOf } from './system-state.ts';

export const startContainment = (
  responder: ApiClient,
  scope: object,
  more: object = {},
): Promise<ApiAnswer> => responder.post('/v1/revocations', { scope, reason: 'Found in a log', ...more });

// biome-ignore lint/suspicious/noExplicitAny: tests look into the documents
export const readContainment = async (responder: ApiClient, id: string): Promise<any> =>
  (await responder.get(`/v1/revocations/${id}?limit=100`)).body.revocation;

/** Starts a containment that has to be taken, and lets it go as far as it can without time passing. */
export async function contain(
  world: World,
  responder: ApiClient,
  scope: object,
  more: object = {},
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the documents
): Promise<any> {
  const answer = await startContainment(responder, scope, more);
  expect(answer).toMatchObject({ status: 202 });
  await world.sallyport.settled();
  return readContainment(responder, answer.body.revocation.id);
}

export async function liftFreeze(responder: ApiClient, id: string): Promise<void> {
  expect(await responder.delete(`/v1/revocations/${id}/freeze`)).toMatchObject({
    status: 200,
    body: { revocation: { freeze: 'lifted' } },
  });
}

export const isRefused = async (client: ApiClient): Promise<boolean> =>
  (await client.get('/v1/grants')).status === 401;

export const itemsOf = (run: { items: { kind: string; id: string }[] }, kind: string): string[] =>
  run.items.filter((item) => item.kind === kind).map(({ id }) => id);

/** Holds that a containment has ended a grant and its credential, and that its chain and its execution say so. */
export async function expectDead(
  world: World,
  access: AccessCase,
  token: string,
  run: string,
): Promise<void> {
  expect(await isActive(world, token)).toBe(false);
  const events = await chainOf(world.sallyport, access.requestId);
  expect(verifyChain(access.requestId, events)).toMatchObject({ verified: true });
  expect(events.slice(-3).map(({ type, details }) => [type, details['revocation']])).toEqual([
    ['grant.ending', run],
    ['credential.revoked', undefined],
    ['grant.ended', undefined],
  ]);
  expect(await executionStatusOf(world.sallyport, access.requestId)).toBe('SUCCEEDED');
}
