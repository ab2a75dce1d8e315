import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRole, ordersServer, tryLogin } from '../../../demo/orders-database.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { CLAIM_LEASE_SECONDS } from '../../../lambdas/minting/grant.ts';
import { ask, claim, giveBack, grantOf, verifiedEvents } from '../../support/access-path.ts';
import { tracesOf } from '../../support/credential-traces.ts';
import { noPostgres } from '../../support/orders-database.ts';
import { historyOf, tableItems } from '../../support/system-state.ts';
import { waitForTheEnd } from '../../support/trouble.ts';

const ordersRequest = {
  target: 'orders-db',
  permissions: ['orders:read'],
  duration: 'PT20M',
  justification: 'Look into an order',
} as const;

describe.skipIf(noPostgres !== undefined)('a grant to the orders database', () => {
  let world: EmbeddedWorld;
  beforeAll(async () => {
    world = await startWorld({ database: true });
  });
  afterAll(() => world?.stop());

  it('leaves nothing of its password in the table, the logs or the history', async () => {
    const { runtime } = world;
    const access = await ask(world, await world.as('deploy-bot'), ordersRequest);
    const { credential } = (await claim(access)).body;
    expect(await tryLogin(ordersServer(world), credential)).toBe('accepted');
    await giveBack(access);
    await runtime.settled();
    expect(await tryLogin(ordersServer(world), credential)).toBe('28P01');
    const texts = {
      table: JSON.stringify(await tableItems(runtime)),
      logs: runtime.functionNames.map((name) => runtime.functionLog(name)).join('\n'),
      history: JSON.stringify(await historyOf(runtime, access.requestId)),
    };
    const secrets = [credential.password, ordersServer(world).administrator.password];
    expect(tracesOf(secrets, texts)).toEqual([]);
  });

  it('ends in its time though it was never claimed', async () => {
    const access = await ask(world, await world.as('deploy-bot'), ordersRequest);
    await world.leap(20 * 60_000);
    expect(await grantOf({ ...access, requester: await world.as('deploy-bot') })).toMatchObject({
      status: 'ended',
      credential: { status: 'revoked', receipt: { answer: 'dead' } },
    });
  });

  it('is claimed once its database is back, and the first try is over for certain', async () => {
    const access = await ask(world, await world.as('deploy-bot'), ordersRequest);
    const refused = await ordersServer(world).whileDown(() => claim(access));
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([
      503,
      expect.not.stringContaining(String(ordersServer(world).port)),
    ]);
    expect((await claim(access)).status).toBe(409);
    await world.leap(CLAIM_LEASE_SECONDS * 1000);
    const { status, body } = await claim(access);
    expect([status, await tryLogin(ordersServer(world), body.credential)]).toEqual([200, 'accepted']);
    await giveBack(access);
    await world.runtime.settled();
    expect(await verifiedEvents(world, access.requestId)).toContain('credential.revoked');
  });

  it('is never shown as ended while its database is down, and its credential is still to be revoked', async () => {
    const access = await ask(world, await world.as('deploy-bot'), ordersRequest);
    const { credential } = (await claim(access)).body;
    await ordersServer(world).whileDown(async () => {
      await giveBack(access);
      await waitForTheEnd(world, access.requestId);
      // It was tried for hours: the session that it was claimed in is over.
      const now = { ...access, requester: await world.as('deploy-bot') };
      expect(await grantOf(now)).toMatchObject({ status: 'unresolved', credential: { status: 'live' } });
    });
    expect(await hasRole(ordersServer(world), credential.username)).toBe(true);
  });
});
