import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../../demo/api-client.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { claimToken, grantedToEngineer, grantOf, isActive } from '../../support/access-path.ts';

let world: EmbeddedWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

async function contained(responder: ApiClient, id: string) {
  await world.runtime.settled();
  const { body } = await responder.get(`/v1/revocations/${id}`);
  return body.revocation;
}

describe('a containment', () => {
  it('of a grant revokes it with a receipt', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    expect(await isActive(world, token)).toBe(true);
    const responder = await world.as('responder');
    const { status, body } = await responder.post('/v1/revocations', {
      scope: { grant: access.grantId },
      reason: 'Found in a log',
    });
    console.log(status, JSON.stringify(body));
    const seen = await contained(responder, body.revocation.id);
    console.log(JSON.stringify(seen, null, 1));
    expect(await isActive(world, token)).toBe(false);
  });
});
