import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { fingerprintOf } from '../../../lambdas/minting/grant.ts';
import { managedSecretsOf } from '../../support/managed-secrets.ts';
import { expectProblem } from '../../support/problem-expectations.ts';
import { breakIt, broken } from '../../support/trouble.ts';

const MINUTE = 60_000;
/** By how many values of the past a secret is still recognised. */
const REMEMBERED = 10;

let world: EmbeddedWorld;
let secrets: ReturnType<typeof managedSecretsOf>;

beforeAll(async () => {
  world = await startWorld({ database: true });
  secrets = managedSecretsOf(world);
});
afterEach(() => world.runtime.faults.clear());
afterAll(async () => {
  secrets?.close();
  await world?.stop();
});

const ofDatabase = ['orders-app', 'orders-reports'];
const every = [...ofDatabase, 'parcels-api-key', 'parcels-client', 'receipts-key'];

/** The new value works, and cannot be made the current one. */
const breakFinish = () =>
  world.runtime.faults.fail({
    service: 'secretsmanager',
    operation: 'UpdateSecretVersionStage',
    functionName: 'FinishRotation',
    error: { code: 'AccessDeniedException', statusCode: 400 },
  });

const contain = async (scope: object) =>
  (await world.as('responder')).post('/v1/revocations', { scope, reason: 'Found in a log' });

async function failedHalfWay(id: string) {
  breakFinish();
  const rotation = await secrets.rotate(id);
  world.runtime.faults.clear();
  return rotation;
}

/** What it has made is left. */
async function leftHalfWay(id: string) {
  breakIt(world, broken('RollBackRotation', 'write'));
  breakIt(world, broken('RollBackRotation', 'read'));
  return failedHalfWay(id);
}

describe.each(every)('a rotation of %s', (id) => {
  beforeEach(async ({ skip }) => {
    if (world.backends.postgres === undefined && ofDatabase.includes(id))
      skip('PostgreSQL is not on this machine');
    await secrets.manage(id);
  });

  it('that cannot be finished is taken back, and the value before works on', async () => {
    const before = await secrets.read(id);
    expect(await failedHalfWay(id)).toMatchObject({ status: 'failed', failure: { state: 'FinishRotation' } });
    expect(await secrets.read(id)).toEqual(before);
    expect(await secrets.works(id, before)).toBe(true);
  });

  it('that could not be taken back either is unresolved, until the next one clears it away', async () => {
    const before = await secrets.read(id);
    expect(await leftHalfWay(id)).toMatchObject({ status: 'unresolved' });
    expect(await secrets.read(id)).toEqual(before);
    const left = await secrets.read(id, 'AWSPENDING');

    expect(await secrets.rotate(id)).toMatchObject({ status: 'succeeded' });
    expect(await secrets.works(id, await secrets.read(id))).toBe(true);
    expect(await secrets.works(id, left)).toBe(false);
  });

  it('ends the value before the previous one', async () => {
    const first = await secrets.read(id);
    await secrets.rotate(id);
    // What a key has signed is about for an hour.
    await world.leap(60 * MINUTE);
    await secrets.rotate(id);
    expect([await secrets.works(id, first), await secrets.works(id, await secrets.read(id))]).toEqual([
      false,
      true,
    ]);
  });

  it('that a containment asks for ends the value that was exposed', async () => {
    const exposed = await secrets.read(id);
    const { status, body } = await contain({ secret: id });
    expect(status).toBe(202);
    await world.runtime.settled();
    for (let minutes = 0; minutes < 15; minutes += 1) await world.leap(MINUTE);
    const responder = await world.as('responder');
    const { revocation } = (await responder.get(`/v1/revocations/${body.revocation.id}`)).body;
    expect(revocation).toMatchObject({
      status: 'contained',
      counts: { secrets: 1 },
      unresolved: { secrets: 0 },
    });
    expect([await secrets.works(id, exposed), await secrets.works(id, await secrets.read(id))]).toEqual([
      false,
      true,
    ]);
  });
});

it('a rotation that was not started is, five minutes later', async () => {
  await secrets.manage('parcels-client');
  const before = await secrets.read('parcels-client');
  const putRight = breakIt(world, broken('StartRotation', 'start an execution'));
  const client = await world.as('platform-engineer');
  expectProblem(await client.post('/v1/secrets/parcels-client/rotations'), 503, 'unavailable');
  putRight();
  await world.leap(4 * MINUTE);
  expect(await secrets.read('parcels-client')).toEqual(before);
  await world.leap(10 * MINUTE);
  expect(await secrets.read('parcels-client')).not.toEqual(before);
});

it('a secret is recognised by its last values, and by none from before them', async () => {
  const id = 'parcels-client';
  await secrets.manage(id);
  const fingerprint = async () => {
    const value = (await secrets.read(id))['client_secret'] ?? '';
    return { value, fingerprint: fingerprintOf(value) };
  };
  const oldest = await fingerprint();
  for (let rotations = 0; rotations < REMEMBERED + 2; rotations += 1) await secrets.rotate(id);
  const previous = await fingerprint();
  expectProblem(await contain({ credential: oldest.value }), 404, 'unknown-credential');
  // Each of what was tried and taken back is one of the past, too.
  await failedHalfWay(id);
  await leftHalfWay(id);
  await secrets.rotate(id);
  expect((await contain({ credential: previous.value })).body.revocation).toMatchObject({
    scope: { credential: previous.fingerprint },
  });
});

it('managed secrets are listed page by page', async () => {
  for (const id of ['parcels-api-key', 'parcels-client']) await secrets.manage(id);
  const client = await world.as('platform-engineer');
  const listed: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.get(`/v1/secrets?limit=1${cursor === undefined ? '' : `&cursor=${cursor}`}`);
    expect(page.status).toBe(200);
    expect(page.body.secrets.length).toBeLessThanOrEqual(1);
    listed.push(...page.body.secrets.map(({ id }: { id: string }) => id));
    cursor = page.body.cursor;
  } while (cursor !== undefined);
  expect(listed).toEqual(expect.arrayContaining(['parcels-api-key', 'parcels-client']));
  expect(new Set(listed).size).toBe(listed.length);
});
