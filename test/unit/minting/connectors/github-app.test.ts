import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type CodeHost, type CodeHostOptions, startCodeHost } from '../../../../demo/code-host.ts';
import { githubAppMinter } from '../../../../lambdas/minting/connectors/github-app/minter.github-app.ts';
import { githubAppRevoker } from '../../../../lambdas/minting/connectors/github-app/revoker.github-app.ts';
import { levels } from '../../../../lambdas/minting/connectors/github-app/target.ts';
import { exceeds, tokenRequest } from '../../../../lambdas/minting/connectors/github-app/token-request.ts';
import { DependencyUnavailable } from '../../../../lambdas/platform/failures.ts';
import { Problem } from '../../../../lambdas/platform/problem.ts';
import { contractGrant } from '../../../contract/connector-contract.ts';
import { codeHostTarget, secretsHolding, usableAtCodeHost } from '../../../support/token-targets.ts';

const NOW = 1_800_000_000;
const shop = codeHostTarget();

const name = fc.stringMatching(/^[a-z]{1,12}$/);
const level = fc.constantFrom(...levels);
const someGrant = fc
  .record({
    repositories: fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
    permissions: fc.dictionary(name, fc.record({ permission: fc.constantFrom('a', 'b', 'c'), level }), {
      minKeys: 1,
      maxKeys: 8,
    }),
  })
  .chain(({ repositories, permissions }) =>
    fc.record({
      target: fc.constant({ ...shop, repositories, permissions }),
      granted: fc.subarray(Object.keys(permissions), { minLength: 1 }),
    }),
  );

const issuedFor = ({ repositories, permissions }: ReturnType<typeof tokenRequest>) => ({
  token: 'ghs_of-a-test',
  expires_at: new Date((NOW + 3600) * 1000).toISOString(),
  permissions: { metadata: 'read', ...permissions } as Record<string, string>,
  repository_selection: 'selected',
  repositories: repositories.map((repository) => ({ name: repository })),
});

describe('what is asked of a code host', () => {
  it('is never more than the grant, over 10,000 of them', () => {
    fc.assert(
      fc.property(someGrant, ({ target, granted }) => {
        const asked = tokenRequest(contractGrant(target, granted, NOW), target);
        expect(asked.repositories).toEqual(target.repositories);
        const meanings = granted.map((permission) => target.permissions[permission]);
        expect(new Set(Object.keys(asked.permissions))).toEqual(
          new Set(meanings.map((meaning) => meaning?.permission)),
        );
        // Each level is one that was granted, and no granted one is above it.
        for (const [permission, most] of Object.entries(asked.permissions)) {
          const own = meanings.filter((meaning) => meaning?.permission === permission);
          const places = own.map((meaning) => levels.indexOf(meaning?.level ?? 'read'));
          expect(levels.indexOf(most)).toBe(Math.max(...places));
        }
      }),
      { numRuns: 10_000 },
    );
  });

  it('is nothing where the target has lost a permission of the grant', () => {
    const grant = contractGrant(shop, ['contents:read', 'issues:write'], NOW);
    expect(() => tokenRequest(grant, shop)).toThrow(Problem);
  });
});

describe('what a code host gives', () => {
  it('is taken where it is what was asked for, in whichever case it writes names', () => {
    fc.assert(
      fc.property(someGrant, ({ target, granted }) => {
        const asked = tokenRequest(contractGrant(target, granted, NOW), target);
        const issued = issuedFor(asked);
        expect(exceeds(issued, asked, NOW)).toBe(false);
        const shouted = issued.repositories.map((repository) => ({ name: repository.name.toUpperCase() }));
        expect(exceeds({ ...issued, repositories: shouted }, asked, NOW)).toBe(false);
      }),
    );
  });

  it.each([
    ['another permission', { permissions: { contents: 'read', issues: 'read' } }],
    ['a higher level', { permissions: { contents: 'write' } }],
    ['a level that nobody knows', { permissions: { contents: 'owner' } }],
    ['a permission by the name of what objects have', { permissions: { constructor: 'read' } }],
    ['another repository', { repositories: [{ name: 'shop' }, { name: 'infrastructure' }] }],
    ['all repositories', { repository_selection: 'all' }],
    ['a longer life', { expires_at: new Date((NOW + 8 * 3600) * 1000).toISOString() }],
  ])('is refused where it is more: %s', (_, more) => {
    const asked = tokenRequest(contractGrant(shop, ['contents:read'], NOW), shop);
    expect(exceeds({ ...issuedFor(asked), ...more }, asked, NOW)).toBe(true);
  });
});

describe('with a code host', () => {
  let codeHost: CodeHost;
  afterEach(() => codeHost.stop());

  async function start(options: CodeHostOptions = {}, key?: (ofApp: string) => string) {
    codeHost = await startCodeHost({ port: 0, ...options });
    const privateKey = key?.(codeHost.privateKey) ?? codeHost.privateKey;
    const minter = githubAppMinter(secretsHolding({ private_key: privateKey }));
    const target = codeHostTarget(codeHost.url);
    const now = Math.floor(Date.now() / 1000);
    const grant = contractGrant(target, ['contents:read'], now);
    const mint = (at = target, of = grant) =>
      minter.mint(of, at, {
        nowEpochSeconds: now,
        expiresAtEpochSeconds: grant.expiresAtEpochSeconds,
        keyThumbprint: undefined,
        claimedFrom: {},
      });
    return { mint, revoker: githubAppRevoker(), target, grant, now };
  }

  it.each([
    ['permissions', (permissions: object) => ({ permissions: { ...permissions, issues: 'write' } })],
    ['repositories', () => ({ repositories: ['shop', 'infrastructure'] })],
  ])('a token that holds more %s than was asked for is ended at once, and not given', async (_, more) => {
    const { mint } = await start({ gives: (asked) => ({ ...asked, ...more(asked.permissions) }) });
    await expect(mint()).rejects.toMatchObject({
      status: 409,
      type: expect.stringContaining('more-than-granted'),
    });
    expect(codeHost.liveTokens()).toBe(0);
  });

  it('what the installation has not is refused, and nothing was made', async () => {
    const { mint, target } = await start();
    await expect(mint({ ...target, repositories: ['nobodys'] })).rejects.toMatchObject({ status: 409 });
    const packages = { 'contents:read': { permission: 'packages', level: 'read' as const } };
    await expect(mint({ ...target, permissions: packages })).rejects.toMatchObject({ status: 409 });
    expect(codeHost.liveTokens()).toBe(0);
  });

  it('the key of another App is refused, and nothing was made', async () => {
    const another = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const { mint } = await start({}, () => another.export({ type: 'pkcs8', format: 'pem' }).toString());
    await expect(mint()).rejects.toMatchObject({ name: 'Problem', status: 503 });
    expect(codeHost.liveTokens()).toBe(0);
  });

  it('the key may be as GitHub gives it, PKCS #1', async () => {
    const { mint } = await start({}, (pem) =>
      createPrivateKey(pem).export({ type: 'pkcs1', format: 'pem' }).toString(),
    );
    expect(await usableAtCodeHost(codeHost, (await mint()).material)).toEqual(['contents:read']);
  });

  it('what is no key is not shown', async () => {
    const { mint } = await start({}, () => 'hunter2');
    const error = await mint().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DependencyUnavailable);
    expect(String((error as Error).stack)).not.toContain('hunter2');
  });

  it('a token whose answer was lost is called dead when its hour is over, not before', async () => {
    const { mint, revoker, target, grant, now } = await start();
    codeHost.goDownBeforeAnswering();
    await expect(mint()).rejects.toThrow(DependencyUnavailable);
    codeHost.comeBack();
    expect(codeHost.liveTokens()).toBe(1);
    await revoker.revoke(grant, target, undefined);
    const probeAfter = (seconds: number) => revoker.probe(grant, target, undefined, now + seconds);
    expect(await probeAfter(0)).toMatchObject({ answer: 'unknown' });
    // The claim may have taken a minute until it was made.
    expect(await probeAfter(3660)).toMatchObject({ answer: 'unknown' });
    expect(await probeAfter(3600 + 60 + 61)).toMatchObject({ answer: 'dead' });
  });

  it('one that is refused is not called dead while another, that a try before may have lost, can live', async () => {
    const { mint, revoker, target, grant, now } = await start();
    const { material } = await mint();
    const issuedAt = now + 60;
    const live = {
      ...grant,
      credential: {
        status: 'live' as const,
        handle: grant.credential.handle,
        fingerprints: ['of-no-matter'],
        issuedAtEpochSeconds: issuedAt,
        expiresAtEpochSeconds: issuedAt + 600,
      },
    };
    const lost = { ...live, credential: { ...live.credential, lostTryAtEpochSeconds: now } };
    await revoker.revoke(lost, target, material);
    const probeAfter = (seconds: number, of: typeof live) =>
      revoker.probe(of, target, material, now + seconds);
    expect(await probeAfter(60, live)).toMatchObject({ answer: 'dead' });
    expect(await probeAfter(60, lost)).toMatchObject({ answer: 'unknown' });
    expect(await probeAfter(3600 + 60 + 61, lost)).toMatchObject({ answer: 'dead' });
  });
});
