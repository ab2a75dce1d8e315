import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import {
  type AccessCase,
  agentOf,
  ask,
  claim,
  claimToken,
  giveBack,
  grantedToEngineer,
  grantOf,
  isActive,
  readRequest,
  taskOf,
} from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { changingNothing } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;

beforeAll(async () => {
  world = await worldUnderTest();
});
afterAll(() => world.stop());

const partOf = (parent: AccessCase, more: object = {}) => ({
  ...readRequest,
  duration: 'PT30M',
  parent: parent.grantId,
  ...more,
});

/** What an engineer holds, and a part of it that their agent holds. */
async function delegated(more: object = {}): Promise<{ parent: AccessCase; part: AccessCase }> {
  const parent = await grantedToEngineer(world);
  const part = await ask(world, await agentOf(world), partOf(parent, more));
  expect(await grantOf(part)).toMatchObject({ status: 'active', parent: parent.grantId });
  return { parent, part };
}

describe('a part of a grant', () => {
  it('ends with the grant, and its credential is dead from that moment', async () => {
    const { parent, part } = await delegated();
    const token = await claimToken(part);
    expect(await isActive(world, token)).toBe(true);
    await giveBack(parent);
    expect(await isActive(world, token)).toBe(false);
    await world.sallyport.settled();
    expect(await grantOf(part)).toMatchObject({
      status: 'ended',
      reason: 'parent_ended',
      credential: { status: 'revoked', receipt: { answer: 'dead' } },
    });
  });

  it('takes its own parts along', async () => {
    const { parent, part } = await delegated();
    const least = await ask(world, await agentOf(world), partOf(part, { duration: 'PT10M' }));
    const token = await claimToken(least);
    await giveBack(parent);
    expect(await isActive(world, token)).toBe(false);
    await world.sallyport.settled();
    expect((await grantOf(least)).reason).toBe('parent_ended');
  });

  it('ends before the grant where it is given back, and leaves the grant', async () => {
    const { parent, part } = await delegated();
    const token = await claimToken(parent);
    await giveBack(part);
    await world.sallyport.settled();
    expect([(await grantOf(part)).reason, await isActive(world, token)]).toEqual(['returned', true]);
  });

  it('ends no later than the grant, however long it was asked for', async () => {
    const parent = await ask(world, await world.as('engineer'), { ...readRequest, duration: 'PT10M' });
    const part = await ask(world, await agentOf(world), partOf(parent, { duration: 'PT1H' }));
    expect((await grantOf(part)).expires_at).toBe((await grantOf(parent)).expires_at);
  });

  it('cannot be claimed once the grant has ended', async () => {
    const { parent, part } = await delegated();
    await giveBack(parent);
    expectProblem(await claim(part), 409, 'grant-ended');
  });

  it('is decided by policy like any other', async () => {
    const both = { ...readRequest, permissions: ['tickets:read', 'tickets:comment'] };
    const parent = await ask(world, await world.as('engineer'), both);
    const part = await ask(world, await agentOf(world), partOf(parent, { permissions: ['tickets:comment'] }));
    expect(await taskOf(part)).toMatchObject({ status: 'pending', state: 'awaiting_approval' });
  });
});

describe('a part is refused', () => {
  const refused = (client: ApiClient, body: object) =>
    changingNothing(world.sallyport, () => client.post('/v1/access-requests', body));

  it('that holds more than the grant', async () => {
    const parent = await grantedToEngineer(world);
    const agent = await agentOf(world);
    expectProblem(
      await refused(agent, partOf(parent, { permissions: ['tickets:comment'] })),
      400,
      'invalid-request',
    );
  });

  it('that is for another target', async () => {
    const parent = await grantedToEngineer(world);
    const agent = await agentOf(world);
    expectProblem(await refused(agent, partOf(parent, { target: 'ticketing-web' })), 400, 'invalid-request');
  });

  it('of a grant of somebody else, as if there were none', async () => {
    const parent = await grantedToEngineer(world);
    expectProblem(await refused(await world.as('owner'), partOf(parent)), 404, 'not-found');
    expectProblem(
      await refused(await world.as('owner'), { ...partOf(parent), parent: 'grant-none' }),
      404,
      'not-found',
    );
  });

  it('of what an agent holds, to its person without the agent', async () => {
    const { part } = await delegated();
    expectProblem(await refused(await world.as('engineer'), partOf(part)), 404, 'not-found');
  });

  it('of a grant that has ended', async () => {
    const parent = await grantedToEngineer(world);
    await giveBack(parent);
    await world.sallyport.settled();
    expectProblem(await refused(await agentOf(world), partOf(parent)), 409, 'grant-not-active');
  });
});
