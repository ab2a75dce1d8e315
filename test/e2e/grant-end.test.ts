import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../demo/api-client.ts';
import { startWorld, type World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import {
  type AccessCase,
  agentOf,
  approvedForAgent,
  ask,
  claim,
  claimToken,
  giveBack,
  grantedToEngineer,
  grantOf,
  isActive,
  readRequest,
} from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { chainOf, changingNothing, executionStatusOf } from '../support/system-state.ts';

const MINUTE = 60_000;

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** The case, asked about with a token that has not expired meanwhile. */
const later = async (access: AccessCase): Promise<AccessCase> => ({
  ...access,
  requester: await agentOf(world),
});

const millisecondsLeft = async (access: AccessCase) =>
  Date.parse((await grantOf(access)).expires_at) - world.runtime.clock.now();

describe('a grant whose time is over', () => {
  it('ends by itself, with a receipt, and its token with it', async () => {
    const access = await approvedForAgent(world);
    const token = await claimToken(access);
    await world.leap(20 * MINUTE);

    expect(await isActive(world, token)).toBe(false);
    const ticketing = new ApiClient(world.ticketingUrl, token);
    expect(await ticketing.post('/projects/OPS/tickets/OPS-1/comments', { body: 'Late' })).toMatchObject({
      status: 401,
    });
    expect(await grantOf(await later(access))).toMatchObject({
      status: 'ended',
      reason: 'expired',
      credential: { status: 'revoked', receipt: { answer: 'dead' } },
    });
    expect(await executionStatusOf(world.runtime, access.requestId)).toBe('SUCCEEDED');
    const events = await chainOf(world.runtime, access.requestId);
    expect(verifyChain(access.requestId, events)).toMatchObject({ verified: true });
    expect(events.map(({ type }) => type).slice(-3)).toEqual([
      'grant.ending',
      'credential.revoked',
      'grant.ended',
    ]);
  });

  it('gives nothing from that very second on, however long the workflow takes to act', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const putRight = world.runtime.faults.fail({
      service: 'dynamodb',
      operation: 'TransactWriteItems',
      functionName: 'RevokeCredential',
      error: { code: 'AccessDeniedException', statusCode: 400 },
    });
    const left = await millisecondsLeft(access);
    await world.leap(left - 5000);
    expect(await isActive(world, token)).toBe(true);
    await world.leap(await millisecondsLeft({ ...access, requester: await world.as('engineer') }));

    expect(await isActive(world, token)).toBe(false);
    const expired = { ...access, requester: await world.as('engineer') };
    expect(await grantOf(expired)).toMatchObject({ status: 'active' });
    expectProblem(await claim(expired), 409, 'grant-ended');
    putRight();
    await world.leap(10 * MINUTE);
    expect(await grantOf(expired)).toMatchObject({ status: 'ended', reason: 'expired' });
  });

  it('was never claimed: there is nothing to claim any more', async () => {
    const access = await approvedForAgent(world);
    await world.leap(20 * MINUTE);
    const ended = await later(access);
    expectProblem(await changingNothing(world.runtime, () => claim(ended)), 409, 'grant-ended');
  });

  it('lives no longer than the policy allows, whatever was asked for', async () => {
    const access = await ask(world, await agentOf(world), { ...readRequest, duration: 'PT8H' });
    expect(await grantOf(access)).toMatchObject({ status: 'active', duration: 'PT1H' });
  });
});

describe('giving back', () => {
  it('twice is giving back once', async () => {
    const access = await grantedToEngineer(world);
    await giveBack(access);
    await world.runtime.settled();
    const again = await changingNothing(world.runtime, () => giveBack(access));
    expect(again).toMatchObject({ status: 202, body: { grant: { status: 'ended' } } });
  });

  it('is for the parties of the grant', async () => {
    const access = await approvedForAgent(world);
    const stranger = { ...access, requester: await world.as('owner') };
    expectProblem(await changingNothing(world.runtime, () => giveBack(stranger)), 404, 'not-found');
    const person = { ...access, requester: await world.as('engineer') };
    expect(await giveBack(person)).toMatchObject({ status: 202 });
  });

  it('at the moment of expiry ends it once', async () => {
    const access = await grantedToEngineer(world);
    await world.leap((await millisecondsLeft(access)) - 10 * MINUTE);
    const fresh = { ...access, requester: await world.as('engineer') };
    await world.leap((await millisecondsLeft(fresh)) - 50);
    const returned = giveBack(fresh);
    await world.leap(100);
    expect((await returned).status).toBe(202);
    await world.leap(MINUTE);
    await world.leap(MINUTE);

    expect(await grantOf(fresh)).toMatchObject({ status: 'ended' });
    const events = await chainOf(world.runtime, access.requestId);
    expect(verifyChain(access.requestId, events)).toMatchObject({ verified: true });
    const endings = events.filter(({ type }) => type === 'grant.ending' || type === 'grant.returned');
    expect(endings).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'grant.ended')).toHaveLength(1);
    expect(await executionStatusOf(world.runtime, access.requestId)).toBe('SUCCEEDED');
  });
});

describe('revoking by the token (RFC 7009)', () => {
  it('ends the grant of a credential', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    expect(await access.requester.postForm('/oauth2/revoke', { token })).toMatchObject({ status: 200 });
    expect(await isActive(world, token)).toBe(false);
    await world.runtime.settled();
    expect(await grantOf(access)).toMatchObject({ status: 'ended', reason: 'returned' });
  });

  it('is for its parties only', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const stranger = await world.as('owner');
    const answer = await changingNothing(world.runtime, () => stranger.postForm('/oauth2/revoke', { token }));
    expectProblem(answer, 400, 'unauthorized-client');
    expect(await isActive(world, token)).toBe(true);
  });

  it('of a token that is none of ours is success', async () => {
    const engineer = await world.as('engineer');
    const answer = await changingNothing(world.runtime, () =>
      engineer.postForm('/oauth2/revoke', { token: 'no-token-of-ours' }),
    );
    expect(answer.status).toBe(200);
  });
});
