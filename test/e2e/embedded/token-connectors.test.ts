import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import type { Material } from '../../../lambdas/minting/connector.port.ts';
import {
  type AccessCase,
  ask,
  claim,
  claimToken,
  giveBack,
  grantOf,
  verifiedEvents,
} from '../../support/access-path.ts';
import { tracesOf } from '../../support/credential-traces.ts';
import { expectProblem } from '../../support/problem-expectations.ts';
import { historyOf, tableItems } from '../../support/system-state.ts';
import { statusOf, usableAtCluster, usableAtCodeHost } from '../../support/token-targets.ts';
import { waitForTheEnd } from '../../support/trouble.ts';

const MINUTE = 60_000;

let world: EmbeddedWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.backends.cluster.comeBack();
  world.backends.codeHost.comeBack();
});
afterAll(() => world.stop());

interface Kind {
  readonly target: string;
  readonly granted: string;
  readonly others: readonly string[];
  /** Which of the target's permissions a token opens there. */
  usable(world: EmbeddedWorld, material: Material): Promise<readonly string[]>;
  /** What the target itself answers to who shows the token. */
  status(world: EmbeddedWorld, token: string): Promise<number>;
  server(world: EmbeddedWorld): { goDown(): void; comeBack(): void };
}

const kinds: Readonly<Record<string, Kind>> = {
  kubernetes: {
    target: 'shop-cluster',
    granted: 'pods:read',
    others: ['deployments:restart'],
    usable: ({ backends }, material) => usableAtCluster(backends.cluster, material),
    status: ({ backends }, token) =>
      statusOf(backends.cluster.url, token, 'GET', '/api/v1/namespaces/shop/pods'),
    server: ({ backends }) => backends.cluster,
  },
  'github-app': {
    target: 'shop-repositories',
    granted: 'contents:read',
    others: ['deployments:record'],
    usable: ({ backends }, material) => usableAtCodeHost(backends.codeHost, material),
    status: ({ backends }, token) =>
      statusOf(backends.codeHost.url, token, 'GET', '/repos/acme/shop/contents/README.md'),
    server: ({ backends }) => backends.codeHost,
  },
};

const deployBot = () => world.as('deploy-bot');

async function granted({ target }: Kind, permissions: readonly string[]): Promise<AccessCase> {
  return ask(world, await deployBot(), {
    target,
    permissions,
    duration: 'PT20M',
    justification: 'The release of today',
  });
}

const later = async (access: AccessCase): Promise<AccessCase> => ({
  ...access,
  requester: await deployBot(),
});

describe.each(Object.entries(kinds))('a grant to a target of kind %s', (_, kind) => {
  it('gives a token that opens what was granted, until it is given back: that very token is refused', async () => {
    const access = await granted(kind, [kind.granted]);
    const { status, body } = await claim(access);
    expect([status, body.token_type]).toEqual([200, 'Bearer']);
    expect(await kind.usable(world, body)).toEqual([kind.granted]);
    expect(await kind.status(world, body.access_token)).toBe(200);

    expect(await giveBack(access)).toMatchObject({ status: 202 });
    await world.runtime.settled();
    expect(await kind.status(world, body.access_token)).toBe(401);
    expect(await grantOf(access)).toMatchObject({
      status: 'ended',
      reason: 'returned',
      credential: { status: 'revoked', receipt: { answer: 'dead' } },
    });
    const events = await verifiedEvents(world, access.requestId);
    expect(events.slice(-3)).toEqual(['grant.returned', 'credential.revoked', 'grant.ended']);
  });

  it('takes it away by itself when its time is over', async () => {
    const access = await granted(kind, [kind.granted]);
    const token = await claimToken(access);
    await world.leap(19 * MINUTE);
    expect(await kind.status(world, token)).toBe(200);
    await world.leap(MINUTE);
    expect(await kind.status(world, token)).toBe(401);
    expect(await grantOf(await later(access))).toMatchObject({ status: 'ended', reason: 'expired' });
  });

  it('ends independently of another that overlaps it', async () => {
    const [one, other] = [await granted(kind, [kind.granted]), await granted(kind, kind.others)];
    const [first, second] = [await claimToken(one), await claimToken(other)];
    await giveBack(one);
    await world.runtime.settled();
    expect(await kind.usable(world, { access_token: first })).toEqual([]);
    expect(await kind.usable(world, { access_token: second })).toEqual(kind.others);
    await giveBack(other);
    await world.runtime.settled();
    expect(await kind.usable(world, { access_token: second })).toEqual([]);
  });

  it('whose target is down at the claim can be claimed again when it is back', async () => {
    const access = await granted(kind, [kind.granted]);
    kind.server(world).goDown();
    expect((await claim(access)).status).toBe(503);
    kind.server(world).comeBack();
    expectProblem(await claim(access), 409, 'being-claimed');
    await world.leap(MINUTE);
    const now = await later(access);
    expect(await kind.usable(world, { access_token: await claimToken(now) })).toEqual([kind.granted]);
    await giveBack(now);
    await world.runtime.settled();
  });

  it('whose target is down when it ends is never shown as done, and ends when it is back', async () => {
    const access = await granted(kind, [kind.granted]);
    const token = await claimToken(access);
    kind.server(world).goDown();
    await giveBack(access);
    await world.leap(MINUTE);
    expect(await grantOf(access)).toMatchObject({ status: 'ending', credential: { status: 'live' } });
    kind.server(world).comeBack();
    expect(await kind.status(world, token)).toBe(200);

    expect(await waitForTheEnd(world, access.requestId)).toBe('SUCCEEDED');
    expect(await kind.status(world, token)).toBe(401);
    expect(await grantOf(await later(access))).toMatchObject({
      status: 'ended',
      credential: { receipt: { answer: 'dead' } },
    });
  });

  it('leaves nothing of a token, or of what Sallyport acts with, in the table, the logs or the history', async () => {
    const { runtime, backends } = world;
    const access = await granted(kind, [kind.granted]);
    const token = await claimToken(access);
    await giveBack(access);
    await runtime.settled();
    const administrator = Object.values(backends.administratorSecrets[kind.target] ?? {});
    expect(administrator).not.toEqual([]);
    // A key would be in a JSON text by its lines.
    const secrets = [
      token,
      ...administrator.flatMap((secret) => secret.trim().split('\n').slice(0, 5)),
    ].filter((part) => !part.startsWith('-----'));
    const history = JSON.stringify(await historyOf(runtime, access.requestId));
    const table = JSON.stringify(await tableItems(runtime));
    const logs = runtime.functionNames.map((name) => runtime.functionLog(name)).join('\n');
    expect(tracesOf(secrets, { table, logs, history })).toEqual([]);
  });
});
