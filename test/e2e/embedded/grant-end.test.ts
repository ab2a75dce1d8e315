import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../../demo/api-client.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import {
  type AccessCase,
  agentOf,
  approvedForAgent,
  claim,
  claimToken,
  giveBack,
  grantedToEngineer,
  grantOf,
  isActive,
} from '../../support/access-path.ts';
import { expectProblem } from '../../support/problem-expectations.ts';
import { chainOf, changingNothing, executionStatusOf } from '../../support/system-state.ts';

const MINUTE = 60_000;

let world: EmbeddedWorld;

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
});

describe('giving back', () => {
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
