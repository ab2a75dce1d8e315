import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../../demo/api-client.ts';
import { followRotation, secretReader } from '../../../demo/managed-secrets.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import { fingerprintOf } from '../../../lambdas/minting/grant.ts';
import { expectProblem } from '../../support/problem-expectations.ts';
import { chainOf, changingNothing } from '../../support/system-state.ts';

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

const administrator = () => world.as('platform-engineer');

function register(client: ApiClient, connection: string, over: object = {}) {
  return client.post('/v1/secrets', { connection, owner: 'owner', rotate_every: 'P30D', ...over });
}

/** Puts a secret under management, if it is not, and waits for its first value. */
async function managed(connection: string): Promise<void> {
  const client = await administrator();
  const { status, body } = await register(client, connection);
  if (status === 409) return;
  expect(status).toBe(202);
  await world.runtime.settled();
  await world.leap(5 * MINUTE);
  expect(await followRotation(await administrator(), body.rotation.id)).toMatchObject({
    status: 'succeeded',
  });
}

async function rotate(id: string) {
  const { status, body } = await (await administrator()).post(`/v1/secrets/${id}/rotations`);
  expect(status).toBe(202);
  await world.runtime.settled();
  return followRotation(await administrator(), body.rotation.id);
}

const read = async (path: string) => (await (await administrator()).get(path)).body;

function shipWith(value: Record<string, string>): Promise<number> {
  const headers = { authorization: `Bearer ${value['api_key']}` };
  return fetch(`${world.backends.vendor.url}/parcels`, { headers }).then(({ status }) => status);
}

function tokenWith({ client_id, client_secret }: Record<string, string>): Promise<number> {
  return fetch(`${world.backends.vendor.url}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  }).then(({ status }) => status);
}

async function logsIn({ username = '', password = '' }: Record<string, string>): Promise<boolean> {
  try {
    await world.backends.postgres?.as({ username, password }, (client) => client.query('SELECT 1'));
    return true;
  } catch {
    return false;
  }
}

describe('registering', () => {
  it('makes the first value, which is nowhere but in Secrets Manager', async () => {
    await managed('parcels-client');
    const value = await secrets.read('parcels-client');
    expect(await tokenWith(value)).toBe(200);
    const { secret } = await read('/v1/secrets/parcels-client');
    expect(secret).toMatchObject({
      id: 'parcels-client',
      kind: 'oauth-client',
      status: 'ready',
      secret_name: 'sallyport/secrets/parcels-client',
      current: { fingerprint: fingerprintOf(value['client_secret'] ?? '') },
    });
    const events = await chainOf(world.runtime, 'secret-parcels-client');
    expect(verifyChain('secret-parcels-client', events)).toMatchObject({ verified: true });
    expect(JSON.stringify([secret, events])).not.toContain(value['client_secret']);
  });

  it('of what is managed already is refused, and changes nothing', async () => {
    await managed('parcels-client');
    const client = await administrator();
    expectProblem(
      await changingNothing(world.runtime, () => register(client, 'parcels-client')),
      409,
      'already-managed',
    );
  });

  it.each([
    ['a connection that the deployment does not have', { connection: 'anywhere' }],
    ['an address', { connection: 'orders-reports', host: 'evil.example' }],
    ['an owner who is nobody', { connection: 'orders-reports', owner: 'nobody' }],
    ['an owner who is no person', { connection: 'orders-reports', owner: 'deploy-bot' }],
    ['an interval of no length', { connection: 'orders-reports', rotate_every: 'PT0S' }],
    ['an interval that is too short', { connection: 'orders-reports', rotate_every: 'PT1M' }],
    [
      'a key whose predecessor would still be relied on',
      { connection: 'receipts-key', rotate_every: 'PT1H' },
    ],
    ['consumers that are markup', { connection: 'orders-reports', consumers: ['<script>'] }],
  ])(
    'with %s is refused, and changes nothing',
    async (_, { connection, ...over }: Record<string, unknown>) => {
      const client = await administrator();
      expectProblem(
        await changingNothing(world.runtime, () => register(client, String(connection), over)),
        400,
        'invalid-request',
      );
    },
  );

  it.each(['engineer', 'responder', 'deploy-bot'] as const)('by %s is refused', async (persona) => {
    const client = await world.as(persona);
    expectProblem(
      await changingNothing(world.runtime, () => register(client, 'orders-reports')),
      403,
      'not-secret-administrator',
    );
  });

  it('by an administrator with one factor asks for another', async () => {
    const client = await world.as('platform-engineer', { amr: ['pwd'] });
    expectProblem(
      await changingNothing(world.runtime, () => register(client, 'orders-reports')),
      401,
      'insufficient-user-authentication',
    );
  });
});

describe('who sees a managed secret', () => {
  it.each(['platform-engineer', 'responder', 'owner'] as const)('%s does', async (persona) => {
    await managed('parcels-client');
    const client = await world.as(persona);
    const { body } = await client.get('/v1/secrets');
    expect(body.secrets.map(({ id }: { id: string }) => id)).toContain('parcels-client');
    const { secret } = (await client.get('/v1/secrets/parcels-client')).body;
    expect((await client.get(`/v1/rotations/${secret.last_rotation}`)).status).toBe(200);
  });

  it.each(['engineer', 'second-owner', 'deploy-bot'] as const)('%s does not', async (persona) => {
    await managed('parcels-client');
    const { secret } = await read('/v1/secrets/parcels-client');
    const client = await world.as(persona);
    expect((await client.get('/v1/secrets')).body.secrets).toEqual([]);
    expectProblem(await client.get('/v1/secrets/parcels-client'), 404, 'not-found');
    expectProblem(await client.get(`/v1/rotations/${secret.last_rotation}`), 404, 'not-found');
    expectProblem(await client.post('/v1/secrets/parcels-client/rotations'), 404, 'not-found');
  });

  it.each(['owner', 'responder'] as const)('%s sees it, and may not rotate it', async (persona) => {
    await managed('parcels-client');
    const client = await world.as(persona);
    expectProblem(
      await changingNothing(world.runtime, () => client.post('/v1/secrets/parcels-client/rotations')),
      403,
      'not-secret-administrator',
    );
  });
});

describe('a rotation on demand', () => {
  it('of an API key: the one before works until the next', async () => {
    await managed('parcels-api-key');
    const first = await secrets.read('parcels-api-key');
    expect(await rotate('parcels-api-key')).toMatchObject({ status: 'succeeded', reason: 'demand' });
    const second = await secrets.read('parcels-api-key');
    expect([await shipWith(first), await shipWith(second)]).toEqual([200, 200]);
    await rotate('parcels-api-key');
    const third = await secrets.read('parcels-api-key');
    expect(await Promise.all([first, second, third].map(shipWith))).toEqual([401, 200, 200]);
  });

  it('of an OAuth client: so does its secret', async () => {
    await managed('parcels-client');
    const first = await secrets.read('parcels-client');
    await rotate('parcels-client');
    await rotate('parcels-client');
    expect([await tokenWith(first), await tokenWith(await secrets.read('parcels-client'))]).toEqual([
      401, 200,
    ]);
  });

  it('joins the one that runs', async () => {
    await managed('parcels-api-key');
    const client = await administrator();
    const answers = await Promise.all(
      [1, 2, 3].map(() => client.post('/v1/secrets/parcels-api-key/rotations')),
    );
    const ids = answers.map(({ body }) => body.rotation.id);
    await world.runtime.settled();
    const events = await chainOf(world.runtime, 'secret-parcels-api-key');
    expect(verifyChain('secret-parcels-api-key', events)).toMatchObject({ verified: true });
    const started = events.filter(
      ({ type, details }) => type === 'rotation.started' && ids.includes(details['rotation']),
    );
    expect(started).toHaveLength(new Set(ids).size);
  });

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
