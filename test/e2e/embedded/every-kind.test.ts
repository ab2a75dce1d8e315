import { SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { awsSession } from '../../../demo/aws-session.ts';
import { demoArtifacts } from '../../../demo/deploy-artifacts.ts';
import { ordersServer, tryLogin } from '../../../demo/orders-database.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { type AccessCase, ask, claim, giveBack, isActive, readRequest } from '../../support/access-path.ts';
import { readCase, violationsOf } from '../../support/case-invariants.ts';
import { managedSecretsOf } from '../../support/managed-secrets.ts';
import { executionsOf } from '../../support/system-state.ts';
import { statusOf } from '../../support/token-targets.ts';

const MINUTE = 60_000;

let world: EmbeddedWorld;
let secrets: ReturnType<typeof managedSecretsOf>;

beforeAll(async () => {
  world = await startWorld({ database: true });
  secrets = managedSecretsOf(world);
  await secrets.manage('parcels-api-key');
});
afterAll(async () => {
  secrets?.close();
  await world?.stop();
});

interface Held extends AccessCase {
  readonly target: string;
  /** Whether the credential opens its target. */
  works(): Promise<boolean>;
}

/** What the end of a session of the role has written there, and nobody needs any more. */
async function leaveAnOldDenial(): Promise<void> {
  const access = await ask(world, await world.as('deploy-bot'), {
    target: 'deploy-artifacts',
    permissions: ['artifacts:read'],
    duration: 'PT1H',
    justification: 'Release 41',
  });
  expect((await claim(access)).status).toBe(200);
  await giveBack(access);
  await world.leap(2 * 60 * MINUTE);
}

/** A credential of each kind that this machine has a target for, in the hands of one owner. */
async function oneOfEach(): Promise<Held[]> {
  const deployBot = await world.as('deploy-bot');
  const engineer = await world.as('engineer');
  const held: Held[] = [];

  // biome-ignore lint/suspicious/noExplicitAny: what a claim gives depends on the kind
  type Try = (claimed: any) => Promise<boolean>;
  const take = async (requester: typeof engineer, target: string, permission: string, works: Try) => {
    const request = { target, permissions: [permission], duration: 'PT1H', justification: 'Release 42' };
    const access = await ask(world, requester, request);
    const { status, body } = await claim(access);
    expect([target, status]).toEqual([target, 200]);
    held.push({ ...access, target, works: () => works(body) });
  };

  await take(engineer, readRequest.target, 'tickets:read', ({ access_token }) =>
    isActive(world, access_token),
  );
  await take(
    deployBot,
    'shop-cluster',
    'pods:read',
    async ({ access_token }) =>
      (await statusOf(world.backends.cluster.url, access_token, 'GET', '/api/v1/namespaces/shop/pods')) ===
      200,
  );
  await take(
    deployBot,
    'shop-repositories',
    'contents:read',
    async ({ access_token }) =>
      (await statusOf(
        world.backends.codeHost.url,
        access_token,
        'GET',
        '/repos/acme/shop/contents/README.md',
      )) === 200,
  );
  const artifact = 'demo/artifacts/web';
  await take(
    deployBot,
    'deploy-artifacts',
    'artifacts:read',
    async ({ credential }) =>
      (await awsSession(world.runtime.client, credential).read(artifact)) === demoArtifacts[artifact],
  );
  if (world.backends.postgres !== undefined)
    await take(
      deployBot,
      'orders-db',
      'orders:read',
      async ({ credential }) => (await tryLogin(ordersServer(world), credential)) === 'accepted',
    );
  await take(engineer, 'parcels-api', 'parcels:ship', ({ credential }) =>
    secrets.works('parcels-api-key', credential),
  );
  for (const one of held) expect([one.target, await one.works()]).toEqual([one.target, true]);
  return held;
}

async function expectAllDead(held: readonly Held[]): Promise<void> {
  for (const one of held) {
    expect([one.target, await one.works()]).toEqual([one.target, false]);
    expect(violationsOf(await readCase(world.runtime, one.requestId))).toEqual([]);
  }
}

describe('credentials of every kind', { timeout: 60_000 }, () => {
  beforeEach(leaveAnOldDenial);

  it('that are given back are dead, as soon as their targets answer', async () => {
    const held = await oneOfEach();
    const vendorIsBack = world.backends.vendor.goDown();
    for (const one of held) expect((await giveBack(one)).status).toBeLessThan(300);
    for (let seconds = 0; seconds < 60; seconds += 10) await world.leap(10_000);
    vendorIsBack();
    for (let minutes = 0; minutes < 30; minutes += 1) await world.leap(MINUTE);
    await expectAllDead(held);
  });

  it('of one owner are contained together, with a receipt for each, as soon as their targets answer', async () => {
    const held = await oneOfEach();
    const vendorIsBack = world.backends.vendor.goDown();
    const { body } = await (await world.as('responder')).post('/v1/revocations', {
      scope: { owner: 'engineer' },
      reason: 'The laptop was stolen',
    });
    const { id } = body.revocation;
    const report = async () =>
      (await (await world.as('responder')).get(`/v1/revocations/${id}?limit=100`)).body.revocation;
    await world.leap(MINUTE);
    expect(await report()).toMatchObject({ status: 'unresolved', unresolved: { grants: 1 } });
    await expectAllDead(held.filter(({ target }) => target !== 'parcels-api'));

    vendorIsBack();
    for (let minutes = 0; minutes < 30; minutes += 1) await world.leap(MINUTE);
    const run = await report();
    expect(run).toMatchObject({ status: 'contained', counts: { grants: held.length } });
    const receipts = new Map(
      run.items.map((item: { id: string; receipt?: { answer: string } }) => [item.id, item.receipt?.answer]),
    );
    expect(held.map(({ grantId }) => receipts.get(grantId))).toEqual(held.map(() => 'dead'));
    await expectAllDead(held);
    await (await world.as('responder')).delete(`/v1/revocations/${id}/freeze`);
  });

  it('whose executions were stopped are ended by the reconciler, as soon as their targets answer', async () => {
    const held = await oneOfEach();
    const stepFunctions = new SFNClient(world.runtime.client);
    for (const { arn, name } of await executionsOf(world.runtime))
      if (held.some(({ requestId }) => requestId === name))
        await stepFunctions.send(new StopExecutionCommand({ executionArn: arn }));
    const vendorIsBack = world.backends.vendor.goDown();
    await world.leap(5 * MINUTE);
    await expectAllDead(held.filter(({ target }) => target !== 'parcels-api'));
    await world.leap(5 * MINUTE);
    vendorIsBack();
    for (let minutes = 0; minutes < 60; minutes += 5) await world.leap(5 * MINUTE);
    await expectAllDead(held);
  });
});
