import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { World } from '../../demo/world.ts';
import {
  agentOf,
  approvedForAgent,
  ask,
  claimToken,
  giveBack,
  grantedToEngineer,
  grantOf,
  isActive,
  readRequest,
} from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { changingNothing } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;

beforeAll(async () => {
  world = await worldUnderTest();
});
afterAll(() => world.stop());

it('a grant lives no longer than the policy allows, whatever was asked for', async () => {
  const access = await ask(world, await agentOf(world), { ...readRequest, duration: 'PT8H' });
  expect(await grantOf(access)).toMatchObject({ status: 'active', duration: 'PT1H' });
});

describe('giving back', () => {
  it('twice is giving back once', async () => {
    const access = await grantedToEngineer(world);
    await giveBack(access);
    await world.sallyport.settled();
    const again = await changingNothing(world.sallyport, () => giveBack(access));
    expect(again).toMatchObject({ status: 202, body: { grant: { status: 'ended' } } });
  });

  it('is for the parties of the grant', async () => {
    const access = await approvedForAgent(world);
    const stranger = { ...access, requester: await world.as('owner') };
    expectProblem(await changingNothing(world.sallyport, () => giveBack(stranger)), 404, 'not-found');
    const person = { ...access, requester: await world.as('engineer') };
    expect(await giveBack(person)).toMatchObject({ status: 202 });
  });
});

describe('revoking by the token (RFC 7009)', () => {
  it('ends the grant of a credential', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    expect(await access.requester.postForm('/oauth2/revoke', { token })).toMatchObject({ status: 200 });
    expect(await isActive(world, token)).toBe(false);
    await world.sallyport.settled();
    expect(await grantOf(access)).toMatchObject({ status: 'ended', reason: 'returned' });
  });

  it('is for its parties only', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const stranger = await world.as('owner');
    const answer = await changingNothing(world.sallyport, () =>
      stranger.postForm('/oauth2/revoke', { token }),
    );
    expectProblem(answer, 400, 'unauthorized-client');
    expect(await isActive(world, token)).toBe(true);
  });

  it('of a token that is none of ours is success', async () => {
    const engineer = await world.as('engineer');
    const answer = await changingNothing(world.sallyport, () =>
      engineer.postForm('/oauth2/revoke', { token: 'no-token-of-ours' }),
    );
    expect(answer.status).toBe(200);
  });
});
