import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { followRotation, secretReader } from '../../../demo/managed-secrets.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import {
  managedSecret,
  rotateSecret,
  secretAdministrator,
  shipParcels,
} from '../../support/managed-secret-requests.ts';
import { expectProblem } from '../../support/problem-expectations.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let world: EmbeddedWorld;
let secrets: ReturnType<typeof secretReader>;

beforeAll(async () => {
  world = await startWorld({ database: true });
  secrets = secretReader(world.runtime);
});
afterAll(async () => {
  secrets?.close();
  await world?.stop();
});

const administrator = () => secretAdministrator(world);

const managed = (connection: string) => managedSecret(world, connection, () => world.leap(5 * MINUTE));
const rotate = (id: string) => rotateSecret(world, id);
const read = async (path: string) => (await (await administrator()).get(path)).body;

const shipWith = (value: Record<string, string>) => shipParcels(world.backends.vendor.url, value);

async function logsIn({ username = '', password = '' }: Record<string, string>): Promise<boolean> {
  try {
    await world.backends.postgres?.as({ username, password }, (client) => client.query('SELECT 1'));
    return true;
  } catch {
    return false;
  }
}

describe('a rotation on demand', () => {
  it('while the vendor is down fails in time, and the old key goes on working', async () => {
    await managed('parcels-api-key');
    const before = await secrets.read('parcels-api-key');
    const comeBack = world.backends.vendor.goDown();
    const client = await administrator();
    const { body } = await client.post('/v1/secrets/parcels-api-key/rotations');
    for (let minutes = 0; minutes < 4; minutes += 1) await world.leap(MINUTE);
    comeBack();
    for (let minutes = 0; minutes < 60; minutes += 10) await world.leap(10 * MINUTE);
    expect(await followRotation(await administrator(), body.rotation.id)).toMatchObject({
      status: 'failed',
      failure: { state: 'CreatePending', error: 'DependencyUnavailable' },
    });
    expect(await secrets.read('parcels-api-key')).toEqual(before);
    expect(await shipWith(before)).toBe(200);
  });
});

describe('a signing key', () => {
  async function keys(): Promise<{ kid: string }[]> {
    const answer = await fetch(`${world.runtime.apiUrl}/v1/secrets/receipts-key/jwks.json`);
    const body = (await answer.json()) as { keys: { kid: string }[] };
    return body.keys;
  }

  it('is published before it signs, and after it has, for its overlap', async () => {
    await managed('receipts-key');
    const first = await secrets.read('receipts-key');
    expect((await keys()).map(({ kid }) => kid)).toEqual([first['kid']]);
    const { body } = await (await administrator()).post('/v1/secrets/receipts-key/rotations');
    await world.runtime.settled();
    expect(await secrets.read('receipts-key')).toEqual(first);
    const [, next] = await keys();
    expect(next).toEqual({
      kty: 'EC',
      crv: 'P-256',
      alg: 'ES256',
      use: 'sig',
      kid: expect.any(String),
      x: expect.any(String),
      y: expect.any(String),
    });
    await world.leap(5 * MINUTE);
    expect(await followRotation(await administrator(), body.rotation.id)).toMatchObject({
      status: 'succeeded',
    });
    expect((await secrets.read('receipts-key'))['kid']).toBe(next?.kid);
    expect((await keys()).length).toBe(2);
    await world.leap(HOUR);
    expect((await keys()).map(({ kid }) => kid)).toEqual([next?.kid]);
  });

  it('is no other kind of secret', async () => {
    await managed('parcels-client');
    expect((await fetch(`${world.runtime.apiUrl}/v1/secrets/parcels-client/jwks.json`)).status).toBe(404);
  });
});

describe('a user of PostgreSQL', () => {
  it('with a clone: both work in turn, and do the same', async ({ skip }) => {
    const { postgres } = world.backends;
    if (postgres === undefined) return skip('PostgreSQL is not on this machine');
    await managed('orders-app');
    const first = await secrets.read('orders-app');
    await rotate('orders-app');
    const second = await secrets.read('orders-app');
    expect([first['username'], second['username']]).toEqual(['orders_app_clone', 'orders_app']);
    const place = async ({ username = '', password = '' }: Record<string, string>) => {
      const { rows } = await postgres.as({ username, password }, (client) =>
        client.query("INSERT INTO orders.orders (item) VALUES ('a rope') RETURNING placed_by"),
      );
      return rows[0].placed_by;
    };
    expect([await place(first), await place(second)]).toEqual(['orders_app', 'orders_app']);
    await rotate('orders-app');
    expect([await logsIn(first), await logsIn(second)]).toEqual([false, true]);
  });

  it('without one: its password is another, and the old one dead', async ({ skip }) => {
    if (world.backends.postgres === undefined) return skip('PostgreSQL is not on this machine');
    await managed('orders-reports');
    const first = await secrets.read('orders-reports');
    await rotate('orders-reports');
    const second = await secrets.read('orders-reports');
    expect([first['username'], second['username']]).toEqual(['orders_reports', 'orders_reports']);
    expect([await logsIn(first), await logsIn(second)]).toEqual([false, true]);
  });

  it('whose new password is good for nothing has its old one back', async ({ skip }) => {
    const { postgres } = world.backends;
    if (postgres === undefined) return skip('PostgreSQL is not on this machine');
    await managed('orders-reports');
    const before = await secrets.read('orders-reports');
    const change = (statement: string) =>
      postgres.as(postgres.superuser, (client) => client.query(statement));
    await change('REVOKE CONNECT ON DATABASE orders FROM orders_reader');
    const failed = await rotate('orders-reports').finally(() =>
      change('GRANT CONNECT ON DATABASE orders TO orders_reader'),
    );
    expect(failed).toMatchObject({
      status: 'failed',
      failure: {
        state: 'TestPending',
        why: 'logging in as orders_reports: accepted, but not let in (42501)',
      },
    });
    expect(await logsIn(before)).toBe(true);
  });
});

describe('a check-out', () => {
  async function granted() {
    const engineer = await world.as('engineer');
    const { body } = await engineer.post('/v1/access-requests', {
      target: 'parcels-api',
      permissions: ['parcels:ship'],
      duration: 'PT30M',
      justification: 'Parcels are stuck',
    });
    const task = await engineer.follow(body.task.id, ({ status }) => status !== 'pending');
    expect(task).toMatchObject({ status: 'approved' });
    return { engineer, grantId: task.grant.id as string };
  }

  it('delivers the current value to one at a time, and ends it when its grant ends', async () => {
    await managed('parcels-api-key');
    const { engineer, grantId } = await granted();
    const before = await secrets.read('parcels-api-key');
    const claimed = await engineer.post(`/v1/grants/${grantId}/credential`);
    expect(claimed).toMatchObject({ status: 200, body: { credential: before } });
    expect((await read('/v1/secrets/parcels-api-key')).secret.checked_out_by).toBe(grantId);

    const other = await granted();
    expectProblem(await other.engineer.post(`/v1/grants/${other.grantId}/credential`), 409, 'checked-out');

    expect((await engineer.delete(`/v1/grants/${grantId}`)).status).toBe(202);
    for (let seconds = 0; seconds < 30; seconds += 5) await world.leap(5000);
    expect(await shipWith(before)).toBe(401);
    const { grant } = (await engineer.get(`/v1/grants/${grantId}`)).body;
    expect(grant).toMatchObject({
      status: 'ended',
      credential: { receipt: { answer: 'dead', how: expect.stringMatching(/a call with key .*: 401/) } },
    });
    const { secret } = await read('/v1/secrets/parcels-api-key');
    expect(secret.checked_out_by).toBeUndefined();
    const { rotation } = await read(`/v1/rotations/${secret.last_rotation}`);
    expect(rotation).toMatchObject({ reason: 'revocation', ends_previous: true, status: 'succeeded' });

    const again = await other.engineer.post(`/v1/grants/${other.grantId}/credential`);
    expect(again.status).toBe(200);
    expect(await shipWith(again.body.credential)).toBe(200);
    await other.engineer.delete(`/v1/grants/${other.grantId}`);
    for (let seconds = 0; seconds < 30; seconds += 5) await world.leap(5000);
    expect(await shipWith(again.body.credential)).toBe(401);
  });

  it('of a grant that nobody claimed ends without a rotation', async () => {
    await managed('parcels-api-key');
    const { engineer, grantId } = await granted();
    const before = await secrets.read('parcels-api-key');
    await engineer.delete(`/v1/grants/${grantId}`);
    await world.leap(5000);
    const { grant } = (await engineer.get(`/v1/grants/${grantId}`)).body;
    expect(grant).toMatchObject({ status: 'ended', credential: { receipt: { answer: 'dead' } } });
    expect(await secrets.read('parcels-api-key')).toEqual(before);
  });
});
