import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import { orphanId, orphanType } from '../../../lambdas/revocation/orphan.ts';
import { noPostgres, ordersTarget } from '../../support/orders-database.ts';
import { chainOf, ledgerOf } from '../../support/system-state.ts';

const MINUTE = 60_000;

describe.skipIf(noPostgres)('a role of a database that bears a name of a grant’s, and no grant has', () => {
  let world: EmbeddedWorld;

  beforeAll(async () => {
    world = await startWorld({ database: true });
  });
  afterAll(() => world.stop());

  const postgres = () => {
    if (world.backends.postgres === undefined) throw new Error(noPostgres);
    return world.backends.postgres;
  };
  const roles = () =>
    postgres().as(postgres().superuser, async (client) => {
      const { rows } = await client.query<{ rolname: string }>(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'sallyport-%'",
      );
      return rows.map(({ rolname }) => rolname);
    });
  const made = (name: string, by: 'administrator' | 'superuser') =>
    postgres().as(postgres()[by], (client) =>
      // What is a superuser, Sallyport's administrator may not end.
      client.query(
        `CREATE ROLE "${name}" LOGIN ${by === 'superuser' ? 'SUPERUSER' : ''} PASSWORD 'guess-me' IN ROLE orders_reader`,
      ),
    );
  const chainIn = (handle: string) => chainOf(world.runtime, orphanId(ordersTarget(postgres().port), handle));
  const orphanIn = async (handle: string) =>
    (await ledgerOf(world.runtime).read(orphanType, orphanId(ordersTarget(postgres().port), handle)))?.entity;

  it('is found and ended, with a receipt in a chain of its own', async () => {
    const handle = 'sallyport-grant-made-by-hand';
    await made(handle, 'administrator');
    await world.leap(5 * MINUTE);

    expect(await roles()).toEqual([]);
    expect(await orphanIn(handle)).toMatchObject({ status: 'revoked', receipt: { answer: 'dead' } });
    const events = await chainIn(handle);
    expect(events.map(({ type }) => type)).toEqual(['credential.orphan-found', 'credential.orphan-revoked']);
    expect(verifyChain(events[0]?.chain ?? '', events)).toMatchObject({ verified: true });
    expect(world.runtime.functionLog('Reconcile')).toContain('"OrphanedCredential":1');
  });

  it('is found again when it comes back', async () => {
    const handle = 'sallyport-grant-made-by-hand';
    await made(handle, 'administrator');
    await world.leap(5 * MINUTE);
    expect(await roles()).toEqual([]);
    expect(await chainIn(handle)).toHaveLength(4);
  });

  it('and that Sallyport may not end stays found, with its alarm, until somebody has ended it', async () => {
    const handle = 'sallyport-grant-of-somebody-else';
    await made(handle, 'superuser');
    await world.leap(5 * MINUTE);
    await world.leap(5 * MINUTE);
    expect(await roles()).toEqual([handle]);
    expect(await orphanIn(handle)).toMatchObject({ status: 'found' });
    expect(await chainIn(handle)).toHaveLength(1);

    await postgres().as(postgres().superuser, (client) => client.query(`DROP ROLE "${handle}"`));
    await world.leap(5 * MINUTE);
    expect(await orphanIn(handle)).toMatchObject({ status: 'revoked' });
  });
});
