import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startVendorApi, type VendorApi } from '../../../demo/vendor-api.ts';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import type { Material } from '../../../lambdas/minting/connector.port.ts';
import { RotationOver } from '../../../lambdas/platform/failures.ts';
import { chainOfSecret, type ManagedSecret } from '../../../lambdas/rotation/managed-secret.ts';
import type { Rotation } from '../../../lambdas/rotation/rotation.ts';
import { clockAt, NOW } from '../../support/access-case.ts';
import { inMemoryLedger } from '../../support/in-memory-ledger.ts';
import { Interrupted, interruptions } from '../../support/interruptions.ts';
import {
  apiKeyConnection,
  CURRENT,
  inMemoryVersions,
  managedSecret,
  ROTATION_ID,
  rotationOf,
  rotationSteps,
  rotatorsWith,
  runRotation,
  seedRotation,
} from '../../support/rotation-case.ts';

let vendor: VendorApi;
beforeAll(async () => {
  vendor = await startVendorApi({ port: 0 });
});
afterAll(() => vendor.stop());
beforeEach(async () => {
  for (const { id } of await keys()) await call('DELETE', `/keys/${id}`);
});

async function call(method: string, path: string, body?: object) {
  const response = await fetch(vendor.url + path, {
    method,
    headers: { authorization: `Bearer ${vendor.administratorToken}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
}

async function keys(): Promise<{ id: string; name: string }[]> {
  return (await call('GET', '/keys')).secrets;
}

async function works(value: Material | undefined): Promise<boolean> {
  const headers = { authorization: `Bearer ${value?.['api_key']}` };
  return (await fetch(`${vendor.url}/parcels`, { headers })).ok;
}

/** A key that the vendor knows, as the value of a version. */
async function madeKey(name: string): Promise<Material> {
  const { id, secret } = await call('POST', '/keys', { name });
  return { key_id: id, api_key: secret };
}

const version = (token: string) => ({ token, fingerprints: ['f'.repeat(64)], sinceEpochSeconds: NOW - 60 });

/** A secret with a value in use, and a rotation of it that has just been started. */
async function arrange(over: { secret?: Partial<ManagedSecret>; rotation?: Partial<Rotation> } = {}) {
  const connection = apiKeyConnection(vendor.url);
  const ledger = inMemoryLedger();
  const versions = inMemoryVersions();
  const current = await madeKey('current');
  versions.seed(connection.id, CURRENT, current);
  seedRotation(
    ledger,
    managedSecret(connection, { current: version(CURRENT), ...over.secret }),
    rotationOf(connection.id, over.rotation),
  );
  const world = {
    ledger,
    versions,
    clock: clockAt(),
    rotators: rotatorsWith({ vendor: { token: vendor.administratorToken } }),
    connections: [connection],
  };
  return { ...world, world, connection, current, steps: rotationSteps(world) };
}

type Arranged = Awaited<ReturnType<typeof arrange>>;

const secretIn = ({ ledger, connection }: Arranged) =>
  ledger.entities()[`SECRET#${connection.id}`] as ManagedSecret;
const rotationIn = ({ ledger }: Arranged) => ledger.entities()[`ROTATION#${ROTATION_ID}`] as Rotation;
const valueAt = ({ versions, connection }: Arranged, token: string) => versions.read(connection.id, token);

function expectIntactChain({ ledger, connection }: Arranged): void {
  const chain = chainOfSecret(connection.id);
  const events = ledger.chain(chain);
  expect(events).toHaveLength(ledger.commits);
  expect(verifyChain(chain, events).verified).toBe(true);
}

const input = { rotationId: ROTATION_ID };

describe('a rotation', () => {
  test('makes the new value current, and leaves the one before working', async () => {
    const arranged = await arrange();
    await runRotation(arranged.world);
    expect(arranged.versions.labelled(arranged.connection.id)).toEqual({ current: ROTATION_ID });
    expect(await works(await valueAt(arranged, ROTATION_ID))).toBe(true);
    expect(await works(arranged.current)).toBe(true);
    expect(secretIn(arranged)).toMatchObject({
      current: { token: ROTATION_ID },
      previous: { token: CURRENT },
      retiring: [],
    });
    expect(rotationIn(arranged)).toMatchObject({ status: 'succeeded' });
    expectIntactChain(arranged);
  });

  test('ends the value from before the previous one', async () => {
    const arranged = await arrange({ secret: { previous: version('token-of-the-one-before-the-current') } });
    const oldest = await madeKey('oldest');
    arranged.versions.seed(arranged.connection.id, 'token-of-the-one-before-the-current', oldest);
    arranged.versions.seed(arranged.connection.id, CURRENT, arranged.current);
    await runRotation(arranged.world);
    expect([await works(oldest), await works(arranged.current)]).toEqual([false, true]);
    expect(secretIn(arranged).earlier.map(({ token }) => token)).toEqual([
      'token-of-the-one-before-the-current',
    ]);
  });

  test('that a revocation asked for ends the value before, tries it, and frees its check-out', async () => {
    const arranged = await arrange({
      rotation: { reason: 'revocation', endsPrevious: true },
      secret: { checkOut: { grant: 'grant-1', token: CURRENT } },
    });
    await runRotation(arranged.world);
    expect(await works(arranged.current)).toBe(false);
    const secret = secretIn(arranged);
    expect([secret.previous, secret.checkOut, secret.earlier.length]).toEqual([undefined, undefined, 1]);
    const told = arranged.ledger.chain(chainOfSecret(arranged.connection.id)).at(-1);
    expect(told).toMatchObject({
      type: 'rotation.succeeded',
      details: { retired: [{ version: CURRENT, answer: 'dead', how: expect.stringContaining('401') }] },
    });
  });

  test('whose test fails leaves the old value working, the new one gone, and says why', async () => {
    const arranged = await arrange();
    const putRight = vendor.makeUselessKeys();
    await runRotation(arranged.world);
    putRight();
    expect(await works(arranged.current)).toBe(true);
    expect((await keys()).map(({ name }) => name)).toEqual(['current']);
    expect(arranged.versions.labelled(arranged.connection.id)).toEqual({ current: CURRENT });
    expect(rotationIn(arranged)).toMatchObject({
      status: 'failed',
      failure: {
        state: 'TestPending',
        error: 'TestFailed',
        why: expect.stringMatching(/a call with key .*: 401/),
      },
    });
    const secret = secretIn(arranged);
    expect([secret.current?.token, secret.pending, secret.rotation]).toEqual([CURRENT, undefined, undefined]);
    expectIntactChain(arranged);
  });

  test('that cannot take its value back is unresolved, and the next one does so first', async () => {
    const arranged = await arrange();
    await arranged.steps.create(input);
    const comeBack = vendor.goDown();
    await expect(arranged.steps.rollBack(input)).rejects.toThrow('did not confirm');
    const failure = { state: 'SetPending', error: 'DependencyUnavailable' };
    expect(await arranged.steps.recordFailure({ ...input, failure })).toEqual({ outcome: 'unresolved' });
    comeBack();
    const left = await valueAt(arranged, ROTATION_ID);
    expect(await works(left)).toBe(true);

    const next = 'rotation-00000000000000000000000000000002';
    const { pending, ...secret } = secretIn(arranged);
    expect(pending?.token).toBe(ROTATION_ID);
    seedRotation(
      arranged.ledger,
      { ...secret, ...(pending && { pending }), rotation: { id: next, sinceEpochSeconds: NOW } },
      rotationOf(arranged.connection.id, { id: next }),
    );
    await runRotation(arranged.world, next);
    expect([await works(left), await works(await valueAt(arranged, next))]).toEqual([false, true]);
  });

  test('that is over changes nothing any more', async () => {
    const arranged = await arrange({ rotation: { status: 'failed' } });
    const { create, set, finish } = arranged.steps;
    for (const step of [create, set, finish]) await expect(step(input)).rejects.toThrow(RotationOver);
    expect(await arranged.steps.rollBack(input)).toEqual({ outcome: 'over' });
    expect((await keys()).length).toBe(1);
  });

  test('whose version lost its label ends there: the current value stays', async () => {
    const arranged = await arrange();
    await arranged.steps.create(input);
    await arranged.versions.dropPending(arranged.connection.id, ROTATION_ID);
    const { create, set, finish } = arranged.steps;
    for (const step of [create, set, finish]) await expect(step(input)).rejects.toThrow(RotationOver);
    expect(arranged.versions.labelled(arranged.connection.id)).toEqual({ current: CURRENT });
  });

  test('whose version is the current one already has nothing to do', async () => {
    const arranged = await arrange();
    await runRotation({ ...arranged.world });
    const before = arranged.ledger.entities();
    expect(await arranged.steps.retire(input)).toEqual({ outcome: 'succeeded' });
    expect(arranged.ledger.entities()).toEqual(before);
    expect((await keys()).length).toBe(2);
  });
});

/** What is the same however a run went: the ids that the vendor gives out are new each time. */
async function comparable(arranged: Arranged) {
  const names = (await keys()).map(({ name }) => name).sort();
  const entities = JSON.parse(
    JSON.stringify(arranged.ledger.entities()).replaceAll(
      /"fingerprints":\["[0-9a-f]{64}"\]/g,
      '"fingerprints":[]',
    ),
  );
  const { why, ...failure } = entities[`ROTATION#${ROTATION_ID}`].failure ?? {};
  entities[`ROTATION#${ROTATION_ID}`].failure = failure;
  return { names, entities, labels: arranged.versions.labelled(arranged.connection.id) };
}

describe.each([
  ['that succeeds', () => () => {}, {}],
  ['of what was exposed', () => () => {}, { endsPrevious: true }],
  ['whose test fails', () => vendor.makeUselessKeys(), {}],
] as const)('a rotation %s, stopped at any call of a port and run again', (_, begin, rotation) => {
  async function runStopped(nth: number, when: 'before' | 'after') {
    for (const { id } of await keys()) await call('DELETE', `/keys/${id}`);
    const arranged = await arrange({ rotation });
    const putRight = begin();
    const world = interruptions(nth, when);
    const watched = {
      ...arranged.world,
      ledger: world.watch(arranged.ledger),
      versions: world.watch(arranged.versions),
      rotators: { ...arranged.rotators, 'api-key': world.watch(arranged.rotators['api-key']) },
    };
    const stopped = await runRotation(watched).then(
      () => false,
      (error: unknown) => error instanceof Interrupted,
    );
    if (stopped) await resume(arranged);
    putRight();
    return { arranged, stopped, calls: world.calls, left: await comparable(arranged) };
  }

  /** As the workflow does: the state that stopped is tried again. */
  async function resume(arranged: Arranged): Promise<void> {
    const failed = rotationIn(arranged);
    if (failed.status !== 'running') return;
    const pending = arranged.versions.labelled(arranged.connection.id).pending;
    const value = await valueAt(arranged, ROTATION_ID);
    // A rollback that was stopped is gone on with; no state before it is entered again.
    if (value !== undefined && pending !== ROTATION_ID && secretIn(arranged).current?.token !== ROTATION_ID) {
      const { current } = arranged.versions.labelled(arranged.connection.id);
      if (current !== ROTATION_ID) {
        await arranged.steps.rollBack(input);
        const failure = { state: 'TestPending', error: 'TestFailed' };
        await arranged.steps.recordFailure({ ...input, failure });
        return;
      }
    }
    await runRotation(arranged.world);
  }

  test('ends as if nothing had been', async () => {
    const undisturbed = await runStopped(Number.POSITIVE_INFINITY, 'before');
    expect(undisturbed.calls).toBeGreaterThan(10);
    for (let nth = 1; nth <= undisturbed.calls; nth += 1) {
      for (const when of ['before', 'after'] as const) {
        const { left, stopped, arranged } = await runStopped(nth, when);
        expect(stopped, `stopped ${when} call ${nth}`).toBe(true);
        expect(left, `stopped ${when} call ${nth} of ${undisturbed.calls}`).toEqual(undisturbed.left);
        expectIntactChain(arranged);
      }
    }
  });
});
