import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type KubernetesApi,
  type KubernetesApiOptions,
  startKubernetesApi,
} from '../../../../demo/kubernetes-api.ts';
import {
  grantObjects,
  tokenRequest,
} from '../../../../lambdas/minting/connectors/kubernetes/grant-objects.ts';
import { kubernetesMinter } from '../../../../lambdas/minting/connectors/kubernetes/minter.kubernetes.ts';
import { kubernetesRevoker } from '../../../../lambdas/minting/connectors/kubernetes/revoker.kubernetes.ts';
import { KubernetesTarget } from '../../../../lambdas/minting/connectors/kubernetes/target.ts';
import { credentialHandle } from '../../../../lambdas/minting/grant.ts';
import { DependencyUnavailable } from '../../../../lambdas/platform/failures.ts';
import { Problem } from '../../../../lambdas/platform/problem.ts';
import { contractGrant } from '../../../contract/connector-contract.ts';
import { clusterTarget, secretsHolding, usableAtCluster } from '../../../support/token-targets.ts';

const NOW = 1_800_000_000;
const shop = clusterTarget();

describe('what is asked of a cluster', () => {
  const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/);
  const someGrant = fc
    .record({
      permissions: fc.dictionary(label, fc.record({ role: label }), { minKeys: 1, maxKeys: 8 }),
      audience: fc.option(label, { nil: undefined }),
      seconds: fc.integer({ min: 1, max: 90 * 24 * 3600 }),
    })
    .chain(({ permissions, audience, seconds }) =>
      fc.record({
        target: fc.constant({
          ...shop,
          permissions,
          ...(audience === undefined ? {} : { audience }),
        }),
        granted: fc.subarray(Object.keys(permissions), { minLength: 1 }),
        seconds: fc.constant(seconds),
      }),
    );

  it('is never more than the grant, over 10,000 of them', () => {
    fc.assert(
      fc.property(someGrant, ({ target, granted, seconds }) => {
        const grant = contractGrant(target, granted, NOW);
        const handle = credentialHandle(grant.id);
        const { serviceAccount, secret, roleBindings } = grantObjects(grant, target);
        const roles = roleBindings.map(({ roleRef }) => roleRef.name);
        expect(new Set(roles)).toEqual(new Set(granted.map((name) => target.permissions[name]?.role)));
        expect(new Set(roles).size).toBe(roles.length);
        for (const { subjects, roleRef } of roleBindings) {
          expect(subjects).toEqual([
            { kind: 'ServiceAccount', name: handle, namespace: target.grantsNamespace },
          ]);
          expect(roleRef.kind).toBe('Role');
        }
        expect(serviceAccount.metadata.name).toBe(handle);
        expect(secret).not.toHaveProperty('data');
        const { spec } = tokenRequest(target, { name: handle, uid: 'its-uid' }, seconds);
        expect(spec.boundObjectRef).toMatchObject({ kind: 'Secret', name: handle, uid: 'its-uid' });
        expect(spec.expirationSeconds).toBe(Math.max(600, seconds));
        expect(spec.audiences).toEqual('audience' in target ? [target.audience] : []);
      }),
      { numRuns: 10_000 },
    );
  });

  it('is nothing where the target has lost a permission of the grant', () => {
    const grant = contractGrant(shop, ['pods:read', 'nodes:drain'], NOW);
    expect(() => grantObjects(grant, shop)).toThrow(Problem);
  });
});

describe('the configuration of a cluster', () => {
  const target = { ...shop, maximumDuration: 'PT1H' };

  it.each([
    ['a token in clear over the network', { apiServer: 'http://cluster.example.com' }],
    ['credentials in the address', { apiServer: 'https://me:secret@cluster.example.com' }],
    ['service accounts among the workloads', { grantsNamespace: 'shop' }],
    ['a permission without a Role', { permissions: { 'pods:read': {} } }],
  ])('refuses %s', (_, change) => {
    expect(KubernetesTarget.safeParse({ ...target, ...change }).success).toBe(false);
  });

  it('takes a path before the API, as proxies have it', () => {
    const { apiServer } = KubernetesTarget.parse({
      ...target,
      apiServer: 'https://proxy.example.com/k8s/c-1/',
    });
    expect(apiServer).toBe('https://proxy.example.com/k8s/c-1');
  });
});

describe('with a cluster', () => {
  let cluster: KubernetesApi;
  afterEach(async () => {
    vi.useRealTimers();
    await cluster.stop();
  });

  async function start(options: KubernetesApiOptions = {}) {
    cluster = await startKubernetesApi({ port: 0, ...options });
    const secrets = secretsHolding({ token: cluster.administratorToken });
    const minter = kubernetesMinter(secrets);
    const revoker = kubernetesRevoker(secrets);
    const target = clusterTarget(cluster.url);
    const now = Math.floor(Date.now() / 1000);
    const grant = contractGrant(target, ['pods:read'], now);
    const mint = (at = target) =>
      minter.mint(grant, at, {
        nowEpochSeconds: now,
        expiresAtEpochSeconds: grant.expiresAtEpochSeconds,
        keyThumbprint: undefined,
        claimedFrom: {},
      });
    return { mint, revoker, target, grant, now };
  }

  /** The calls that making a token takes; one more to see that there are no more. */
  const CALLS = 4;
  const calls = Array.from({ length: CALLS }, (_, index) => index);
  const outages = ['goDown', 'goDownBeforeAnswering'] as const;

  it.each(outages.flatMap((outage) => calls.map((call) => [outage, call] as const)))(
    'a claim that was cut off (%s after %i calls) leaves what the next one replaces, and a revocation finds',
    async (outage, call) => {
      const { mint, revoker, target, grant, now } = await start();
      cluster[outage](call);
      await expect(mint()).rejects.toThrow(DependencyUnavailable);
      cluster.comeBack();

      const { material } = await mint();
      expect(await usableAtCluster(cluster, material)).toEqual(['pods:read']);
      await revoker.revoke(grant, target, undefined);
      expect(await usableAtCluster(cluster, material)).toEqual([]);
      expect(await revoker.listHandles?.(target)).toEqual([]);
      expect(await revoker.probe(grant, target, material, now)).toMatchObject({ answer: 'dead' });
    },
  );

  it.each(outages.flatMap((outage) => calls.map((call) => [outage, call] as const)))(
    'a revocation that was cut off (%s after %i calls) confirms nothing, and is finished by the next',
    async (outage, call) => {
      const { mint, revoker, target, grant, now } = await start();
      const { material } = await mint();
      cluster[outage](call);
      await expect(revoker.revoke(grant, target, material)).rejects.toThrow(DependencyUnavailable);
      expect(await revoker.probe(grant, target, material, now)).toMatchObject({ answer: 'unknown' });
      cluster.comeBack();
      await revoker.revoke(grant, target, material);
      expect(await revoker.probe(grant, target, material, now)).toMatchObject({ answer: 'dead' });
      expect(await revoker.listHandles?.(target)).toEqual([]);
    },
  );

  it('making a token takes no more calls than were cut off above', async () => {
    const { mint } = await start();
    cluster.goDown(CALLS);
    await mint();
  });

  it('a token that the API server remembers is not called dead before its cache is over', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { mint, revoker, target, grant, now } = await start({ authenticationCacheSeconds: 10 });
    const { material } = await mint();
    expect(await usableAtCluster(cluster, material)).toEqual(['pods:read']);
    await revoker.revoke(grant, target, material);
    expect(await revoker.probe(grant, target, material, now)).toMatchObject({ answer: 'live' });
    vi.setSystemTime(Date.now() + revoker.boundSeconds(target) * 1000);
    expect(await revoker.probe(grant, target, material, now)).toMatchObject({ answer: 'dead' });
  });

  it('a token for another audience is not taken for dead because the API server does not take it', async () => {
    const { mint, revoker, target, grant, now } = await start();
    const vault = { ...target, audience: 'vault.example.com' };
    const { material } = await mint(vault);
    expect(await usableAtCluster(cluster, material)).toEqual([]);
    expect(await revoker.probe(grant, vault, material, now)).toMatchObject({ answer: 'live' });
    await revoker.revoke(grant, vault, material);
    expect(await revoker.probe(grant, vault, material, now)).toMatchObject({ answer: 'dead' });
  });

  it('a token whose time is over while its account is there is not called dead', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { mint, revoker, target, grant, now } = await start();
    const { material } = await mint();
    vi.setSystemTime(grant.expiresAtEpochSeconds * 1000);
    expect(await revoker.probe(grant, target, material, now)).toMatchObject({ answer: 'unknown' });
  });

  it('Sallyport can bind no Role but those that it was prepared for, and read no Secret', async () => {
    const { target } = await start();
    const call = (method: string, path: string, body?: object) =>
      fetch(cluster.url + path, {
        method,
        headers: { authorization: `Bearer ${cluster.administratorToken}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const [binding] = grantObjects(contractGrant(target, ['pods:read'], NOW), target).roleBindings;
    const bindings = '/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings';
    const other = { ...binding, roleRef: { ...binding?.roleRef, name: 'sallyport-bindings' } };
    expect((await call('POST', bindings, other)).status).toBe(403);
    expect((await call('POST', bindings, binding)).status).toBe(201);
    expect((await call('GET', '/api/v1/namespaces/sallyport-grants/secrets')).status).toBe(403);
    expect((await call('GET', '/api/v1/namespaces/shop/secrets')).status).toBe(403);
  });
});
