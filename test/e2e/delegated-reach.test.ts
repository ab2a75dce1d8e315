import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { type AccessCase, agentOf, claimToken, grantedToEngineer, isActive } from '../support/access-path.ts';
import { pagesOf } from '../support/pages.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;
let agent: ApiClient;
let own: AccessCase;

beforeAll(async () => {
  world = await worldUnderTest();
  agent = await agentOf(world);
  own = await grantedToEngineer(world);
});
afterAll(() => world.stop());

describe('an agent that acts for a person, and what is the person’s alone', () => {
  it.each(['/v1/grants/{grant}', '/access/v1/requests/{request}', '/v1/audit/{request}'])(
    'is not shown %s',
    async (path) => {
      const url = path.replace('{grant}', own.grantId).replace('{request}', own.requestId);
      expect((await agent.get(url)).status).toBe(404);
    },
  );

  it('lists none of it', async () => {
    const grants = (await pagesOf(agent, '/v1/grants', 'grants', 100)).flat();
    expect(grants.map(({ id }) => id)).not.toContain(own.grantId);
  });

  it('cannot give it back, nor revoke its token', async () => {
    const token = await claimToken(own);
    expect((await agent.delete(`/v1/grants/${own.grantId}`)).status).toBe(404);
    expect((await agent.postForm('/oauth2/revoke', { token })).body.error).toBe('unauthorized_client');
    expect(await isActive(world, token)).toBe(true);
  });
});
