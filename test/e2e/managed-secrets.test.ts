import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { secretReader } from '../../demo/managed-secrets.ts';
import type { World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { fingerprintOf } from '../../lambdas/minting/grant.ts';
import {
  managedSecret,
  registerSecret,
  rotateSecret,
  secretAdministrator,
  shipParcels,
} from '../support/managed-secret-requests.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { chainOf, changingNothing } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;
let secrets: ReturnType<typeof secretReader>;

beforeAll(async () => {
  world = await worldUnderTest();
  secrets = secretReader(world.sallyport);
});
afterAll(async () => {
  secrets?.close();
  await world?.stop();
});

beforeEach(({ skip }) => {
  if (world.vendorUrl === undefined) skip('The deployment has no vendor whose keys it could rotate');
});

const administrator = () => secretAdministrator(world);
const managed = (connection: string) => managedSecret(world, connection);
const rotate = (id: string) => rotateSecret(world, id);
const read = async (path: string) => (await (await administrator()).get(path)).body;
const shipWith = (value: Record<string, string>) => shipParcels(world.vendorUrl ?? '', value);

function tokenWith({ client_id, client_secret }: Record<string, string>): Promise<number> {
  return fetch(`${world.vendorUrl}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  }).then(({ status }) => status);
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
    const events = await chainOf(world.sallyport, 'secret-parcels-client');
    expect(verifyChain('secret-parcels-client', events)).toMatchObject({ verified: true });
    expect(JSON.stringify([secret, events])).not.toContain(value['client_secret']);
  });

  it('of what is managed already is refused, and changes nothing', async () => {
    await managed('parcels-client');
    const client = await administrator();
    expectProblem(
      await changingNothing(world.sallyport, () => registerSecret(client, 'parcels-client')),
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
        await changingNothing(world.sallyport, () => registerSecret(client, String(connection), over)),
        400,
        'invalid-request',
      );
    },
  );

  it.each(['engineer', 'responder', 'deploy-bot'] as const)('by %s is refused', async (persona) => {
    const client = await world.as(persona);
    expectProblem(
      await changingNothing(world.sallyport, () => registerSecret(client, 'orders-reports')),
      403,
      'not-secret-administrator',
    );
  });

  it('by an administrator with one factor asks for another', async () => {
    const client = await world.as('platform-engineer', { amr: ['pwd'] });
    expectProblem(
      await changingNothing(world.sallyport, () => registerSecret(client, 'orders-reports')),
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
      await changingNothing(world.sallyport, () => client.post('/v1/secrets/parcels-client/rotations')),
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
    await world.sallyport.settled();
    const events = await chainOf(world.sallyport, 'secret-parcels-api-key');
    expect(verifyChain('secret-parcels-api-key', events)).toMatchObject({ verified: true });
    const started = events.filter(
      ({ type, details }) => type === 'rotation.started' && ids.includes(details['rotation']),
    );
    expect(started).toHaveLength(new Set(ids).size);
  });
});
