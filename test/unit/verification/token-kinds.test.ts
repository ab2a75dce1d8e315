import { generateKeyPairSync } from 'node:crypto';
import { exportJWK } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TrustedIssuer } from '../../../lambdas/platform/trusted-issuer.ts';
import { joseTokenVerifier } from '../../../lambdas/verification/token-verifier.jose.ts';
import type { TokenVerifier } from '../../../lambdas/verification/token-verifier.port.ts';
import { HOUR, NOW } from '../../support/access-case.ts';
import {
  signedWithThePublicKey,
  unsecured,
  withAnotherSignature,
  withClaim,
  withTheOtherSignature,
} from '../../support/forged-tokens.ts';
import { type KeyServer, startKeyServer } from '../../support/key-server.ts';

const ISSUER = 'https://issuer.example';
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const DAY = 24 * HOUR;

let keys: KeyServer;
beforeAll(async () => {
  keys = await startKeyServer();
});
afterAll(() => keys.stop());

let verifier: TokenVerifier;
beforeEach(() => {
  keys.asked = [];
  const trusted = {
    issuer: ISSUER,
    jwksUri: `${keys.url}/jwks`,
    algorithms: ['ES256'],
    tokens: kinds.map(({ trust }) => trust),
  };
  verifier = joseTokenVerifier({ trustedIssuers: [TrustedIssuer.parse(trusted)] });
});

type Claims = Readonly<Record<string, unknown>>;
const times = { iat: NOW - 60, exp: NOW + 300 };

/** One of each kind: how it is trusted, a good token, and what it proves. */
const person = {
  name: 'an ID token',
  trust: {
    audience: 'web-client',
    channel: 'web',
    method: 'oidc',
    principals: [{ claims: { sub: 'dana' }, principal: 'dana' }],
    amr: { 'company-card': ['sc', 'pin'], hwk: [] },
    acr: { gold: ['hwk', 'user'], silver: ['mfa'] },
  },
  claims: {
    ...times,
    aud: 'web-client',
    sub: 'dana',
    auth_time: NOW - 120,
    amr: ['pwd', 'otp'],
    jti: 'id-1',
  },
  proves: {
    principalId: 'dana',
    of: 'person',
    evidence: {
      channel: 'web',
      method: 'oidc',
      issuer: ISSUER,
      tokenId: 'id-1',
      amr: ['pwd', 'otp'],
      phishingResistant: false,
      observedAtEpochSeconds: NOW - 120,
      expiresAtEpochSeconds: NOW - 120 + 30 * DAY,
    },
    usedOnce: { value: `${ISSUER}\0id-1`, untilEpochSeconds: NOW + 300 },
  },
};

const ofMachine = (posture: Record<string, string>, tokenId?: string) => ({
  principalId: 'deploy-bot',
  of: 'machine',
  evidence: {
    channel: 'machine',
    method: 'workload-token',
    issuer: ISSUER,
    ...(tokenId === undefined ? {} : { tokenId }),
    amr: [],
    phishingResistant: false,
    posture,
    observedAtEpochSeconds: NOW - 60,
    expiresAtEpochSeconds: NOW + 300,
  },
  ...(tokenId === undefined
    ? {}
    : { usedOnce: { value: `${ISSUER}\0${tokenId}`, untilEpochSeconds: NOW + 300 } }),
});

const workload = { channel: 'machine', method: 'workload-token' };

const job = {
  name: 'a token of GitHub Actions',
  header: { typ: 'JWT' },
  trust: {
    ...workload,
    audience: 'ci',
    profile: 'github-actions',
    principals: [
      {
        claims: { repository: 'acme/shop', ref: 'refs/heads/main', environment: 'production' },
        principal: 'deploy-bot',
      },
    ],
  },
  claims: {
    ...times,
    aud: 'ci',
    sub: 'repo:acme/shop:environment:production',
    jti: 'job-1',
    repository: 'acme/shop',
    ref: 'refs/heads/main',
    environment: 'production',
    job_workflow_ref: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
    runner_environment: 'github-hosted',
  },
  proves: ofMachine(
    {
      repository: 'acme/shop',
      ref: 'refs/heads/main',
      environment: 'production',
      workflow: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
      runner: 'github-hosted',
    },
    'job-1',
  ),
};

const pod = {
  name: 'a service account token of Kubernetes',
  trust: {
    ...workload,
    audience: 'cluster',
    profile: 'kubernetes',
    principals: [{ claims: { sub: 'system:serviceaccount:shop:deployer' }, principal: 'deploy-bot' }],
  },
  claims: {
    ...times,
    aud: ['cluster'],
    sub: 'system:serviceaccount:shop:deployer',
    'kubernetes.io': {
      namespace: 'shop',
      serviceaccount: { name: 'deployer', uid: 'c1' },
      pod: { name: 'deployer-0', uid: 'c2' },
    },
  },
  proves: ofMachine({ namespace: 'shop', service_account: 'deployer' }),
};

const svid = {
  name: 'a JWT-SVID',
  header: { typ: 'JOSE' },
  trust: {
    ...workload,
    audience: 'mesh',
    profile: 'jwt-svid',
    trustDomain: 'shop.example',
    principals: [{ claims: { sub: 'spiffe://shop.example/ns/shop/sa/deployer' }, principal: 'deploy-bot' }],
  },
  claims: { ...times, aud: 'mesh', sub: 'spiffe://shop.example/ns/shop/sa/deployer' },
  proves: ofMachine({ trust_domain: 'shop.example', spiffe_path: '/ns/shop/sa/deployer' }),
};

const other = {
  name: 'a token of another machine',
  header: { typ: 'at+jwt' },
  trust: {
    ...workload,
    audience: 'other',
    posture: ['region', 'zone'],
    principals: [{ claims: { sub: 'deployer' }, principal: 'deploy-bot' }],
  },
  claims: { ...times, aud: 'other', sub: 'deployer', jti: 'other-1', region: 'eu-north-1' },
  proves: ofMachine({ region: 'eu-north-1' }, 'other-1'),
};

interface Kind {
  readonly name: string;
  readonly header?: object;
  readonly trust: object;
  readonly claims: Claims & { readonly aud: string | string[] };
  readonly proves: object;
}
const kinds: readonly Kind[] = [person, job, pod, svid, other];

const signed = ({ claims, header }: Kind, over: Claims = {}, overHeader: object = {}) =>
  keys.sign({ iss: ISSUER, ...claims, ...over }, { ...header, ...overHeader });
const verify = (token: string) => verifier.verify(token, NOW);

/** What nobody gets through with, whatever the kind. */
const forgeries: readonly (readonly [string, (kind: Kind) => string | Promise<string>])[] = [
  ['alg none', ({ claims, header }) => unsecured({ iss: ISSUER, ...claims }, { typ: undefined, ...header })],
  [
    'the public key for a shared secret',
    ({ claims, header }) =>
      signedWithThePublicKey(
        { iss: ISSUER, ...claims },
        keys.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
        { kid: 'key-1', typ: undefined, ...header },
      ),
  ],
  ['another key', ({ claims, header }) => keys.sign({ iss: ISSUER, ...claims }, header, stranger.privateKey)],
  ['another issuer', (kind) => signed(kind, { iss: 'https://evil.example' })],
  ['another audience', (kind) => signed(kind, { aud: 'another' })],
  ['another audience beside', (kind) => signed(kind, { aud: [kind.claims.aud, 'another'].flat() })],
  ['another typ', (kind) => signed(kind, {}, { typ: 'logout+jwt' })],
  ['a time that is over', (kind) => signed(kind, { exp: NOW })],
  ['no end', (kind) => signed(kind, { exp: undefined })],
  ['a time that has not come', (kind) => signed(kind, { nbf: NOW + 60 })],
  ['an issue in the future', (kind) => signed(kind, { iat: NOW + 60, auth_time: NOW + 60 })],
  ['no subject', (kind) => signed(kind, { sub: undefined })],
  ['a subject of another', (kind) => signed(kind, { sub: ['deployer'] })],
  ['a name of another type', (kind) => signed(kind, { jti: 7 })],
  ['a claim that was put in', async (kind) => withClaim(await signed(kind), { sub: 'owner' })],
  ['a signature that was changed', async (kind) => withAnotherSignature(await signed(kind))],
  ['too many bytes', (kind) => signed(kind, { pad: 'x'.repeat(8192) })],
  ['a critical header that nobody knows', (kind) => signed(kind, {}, { crit: ['urn:x'], 'urn:x': true })],
  ...(['jku', 'x5u', 'jwk'] as const).map(
    (header) =>
      [
        `its own key in ${header}`,
        async (kind: Kind) =>
          keys.sign(
            { iss: ISSUER, ...kind.claims },
            {
              ...kind.header,
              kid: undefined,
              [header]: header === 'jwk' ? await exportJWK(stranger.publicKey) : `${keys.url}/evil`,
            },
            stranger.privateKey,
          ),
      ] as const,
  ),
];

describe.for(kinds)('$name', (kind) => {
  test('proves whose it is, and how', async () => {
    expect(await verify(await signed(kind))).toEqual(kind.proves);
  });

  test.for(forgeries)('is refused with %s', async ([, forge]) => {
    expect(await verify(await forge(kind))).toBeUndefined();
    expect(keys.asked).not.toContain('/evil');
  });

  test('is none of another kind', async () => {
    for (const another of kinds.filter((one) => one !== kind)) {
      const token = await signed(kind, { aud: another.claims.aud });
      expect([another.name, await verify(token)]).toEqual([another.name, undefined]);
    }
  });
});

const refusedOf = (kind: Kind) => async (over: Claims) =>
  expect(await verify(await signed(kind, over))).toBeUndefined();

describe('of a job of GitHub Actions is refused a token', () => {
  test.for<[string, Claims]>([
    ['of another branch', { ref: 'refs/heads/feature' }],
    ['of a tag of that name', { ref: 'refs/tags/main' }],
    ['of another environment', { environment: 'staging' }],
    ['of no environment', { environment: undefined }],
    ['of another repository', { repository: 'mallory/shop' }],
    ['that does not name its repository', { repository: undefined }],
    ['that does not name its ref', { ref: undefined }],
    ['that does not name its workflow', { job_workflow_ref: undefined }],
    ['that does not say who runs it', { runner_environment: undefined }],
    ['that has no name, by which it would be known again', { jti: undefined }],
    ['whose claims are of another type', { ref: ['refs/heads/main'] }],
    ['that says more than can be carried on', { job_workflow_ref: 'x'.repeat(513) }],
  ])('%s', ([, over]) => refusedOf(job)(over));
});

describe('of a service account is refused a token', () => {
  const bound = pod.claims['kubernetes.io'];
  test.for<[string, Claims]>([
    ['of another account', { sub: 'system:serviceaccount:shop:default' }],
    ['of another namespace', { 'kubernetes.io': { ...bound, namespace: 'evil' } }],
    ['whose subject is not its account', { 'kubernetes.io': { ...bound, serviceaccount: { name: 'evil' } } }],
    ['that is bound to nothing', { 'kubernetes.io': undefined }],
    ['that names no account', { 'kubernetes.io': { namespace: 'shop' } }],
    ['that is a user’s', { sub: 'kubernetes-admin' }],
  ])('%s', ([, over]) => refusedOf(pod)(over));
});

describe('as a JWT-SVID is refused a token', () => {
  test.for<[string, string]>([
    ['of another trust domain', 'spiffe://evil.example/ns/shop/sa/deployer'],
    ['of a domain that begins alike', 'spiffe://shop.example.evil/ns/shop/sa/deployer'],
    ['of a domain with a port', 'spiffe://shop.example:443/ns/shop/sa/deployer'],
    ['of the trust domain itself', 'spiffe://shop.example'],
    ['of no SPIFFE ID', 'https://shop.example/ns/shop/sa/deployer'],
    ['of a path with dots', 'spiffe://shop.example/ns/evil/../shop/sa/deployer'],
    ['of a path with a slash at its end', 'spiffe://shop.example/ns/shop/sa/deployer/'],
    ['of a path with a query', 'spiffe://shop.example/ns/shop/sa/deployer?x'],
    ['of another workload', 'spiffe://shop.example/ns/shop/sa/evil'],
  ])('%s', async ([, sub]) => {
    const named = { ...svid.trust, principals: [{ claims: { sub }, principal: 'deploy-bot' }] };
    // Also where a rule would have it: what is no SPIFFE ID of the domain is nobody.
    const trusted = { ...trustedWith(named), jwksUri: `${keys.url}/jwks` };
    const misled = joseTokenVerifier({ trustedIssuers: [TrustedIssuer.parse(trusted)] });
    const token = await signed(svid, { sub });
    expect(await verify(token)).toBeUndefined();
    if (sub !== 'spiffe://shop.example/ns/shop/sa/evil')
      expect(await misled.verify(token, NOW)).toBeUndefined();
  });

  test('need not say when it was issued', async () => {
    const proven = await verify(await signed(svid, { iat: undefined }));
    expect(proven?.evidence.observedAtEpochSeconds).toBe(NOW);
  });
});

describe('of another machine is refused a token', () => {
  test.for<[string, Claims]>([
    ['that names its place in another type', { region: ['eu-north-1'] }],
    ['that names too much of a place', { zone: 'z'.repeat(513) }],
    ['without the time of its issue', { iat: undefined }],
  ])('%s', ([, over]) => refusedOf(other)(over));
});

describe('how a person authenticated', () => {
  const methodsOf = async (over: Claims) => (await verify(await signed(person, over)))?.evidence.amr;

  test.for<[string, Claims, string[]]>([
    ['is taken as RFC 8176 names it', { amr: ['pwd', 'otp', 'mfa'] }, ['pwd', 'otp', 'mfa']],
    ['counts for nothing in words that nobody knows', { amr: ['magic', 'pwd'] }, ['pwd']],
    ['is taken in the issuer’s own words', { amr: ['company-card'] }, ['sc', 'pin']],
    ['is what the issuer means by a word, not what RFC 8176 does', { amr: ['pwd', 'hwk'] }, ['pwd']],
    ['is told by acr, too', { amr: ['pwd'], acr: 'gold' }, ['pwd', 'hwk', 'user']],
    ['is told once', { amr: ['mfa'], acr: 'silver' }, ['mfa']],
    ['is not told by an acr that is not named', { amr: ['pwd'], acr: 'platinum' }, ['pwd']],
    ['is not told by what every object has', { amr: ['constructor'], acr: 'toString' }, []],
    [
      'counts for nothing, in amr and acr, where nobody says when it was',
      { auth_time: undefined, acr: 'gold' },
      [],
    ],
  ])('%s', async ([, over, methods]) => {
    expect(await methodsOf(over)).toEqual(methods);
  });

  test.for<[string, Claims, boolean]>([
    ['phr', { acr: 'phr' }, true],
    ['phrh', { acr: 'phrh' }, true],
    ['phr of a sign-in of which nobody says when it was', { acr: 'phr', auth_time: undefined }, false],
    ['another acr', { acr: 'gold' }, false],
    ['no acr', {}, false],
  ])('resists phishing where OpenID Connect has a name for that: %s', async ([, over, resists]) => {
    expect((await verify(await signed(person, over)))?.evidence.phishingResistant).toBe(resists);
  });
});

describe('how a token is known again', () => {
  test('by what was signed where it has no name, so that a second signature is no second token', async () => {
    const token = await signed(other, { jti: undefined });
    const [header, payload] = token.split('.');
    const known = await verify(token);
    expect(known?.usedOnce?.value).toBe(`${ISSUER}\0${header}.${payload}`);
    const again = withTheOtherSignature(token);
    expect(again).not.toBe(token);
    expect(await verify(again)).toEqual(known);
  });

  test.for([pod, svid])('not at all, for $name: unless the deployment says so', async (kind) => {
    expect((await verify(await signed(kind)))?.usedOnce).toBeUndefined();
    const trusted = { ...trustedWith({ ...kind.trust, singleUse: true }), jwksUri: `${keys.url}/jwks` };
    const strict = joseTokenVerifier({ trustedIssuers: [TrustedIssuer.parse(trusted)] });
    expect((await strict.verify(await signed(kind), NOW))?.usedOnce).toBeDefined();
  });
});

const trustedWith = (...tokens: object[]) => ({
  issuer: ISSUER,
  jwksUri: `${ISSUER}/jwks`,
  algorithms: ['ES256'],
  tokens,
});

describe('an issuer is not trusted', () => {
  test.for<[string, object]>([
    [
      'for every repository of GitHub',
      trustedWith({ ...job.trust, principals: [{ claims: { ref: 'refs/heads/main' }, principal: 'x' }] }),
    ],
    [
      'for every branch of a repository',
      trustedWith({ ...job.trust, principals: [{ claims: { repository: 'acme/shop' }, principal: 'x' }] }),
    ],
    [
      'for every account of a cluster',
      trustedWith({ ...pod.trust, principals: [{ claims: { iss: ISSUER }, principal: 'x' }] }),
    ],
    ['for a job by whatever it calls itself', trustedWith({ ...job.trust, principalClaim: 'sub' })],
    ['for JWT-SVIDs that are signed with EdDSA', { ...trustedWith(svid.trust), algorithms: ['EdDSA'] }],
    ['for a trust domain that is none', trustedWith({ ...svid.trust, trustDomain: 'Shop/Example' })],
    ['for people in a channel of machines', trustedWith({ ...person.trust, channel: 'machine' })],
    ['for machines in a channel of people', trustedWith({ ...other.trust, channel: 'web' })],
    ['for methods that RFC 8176 does not know', trustedWith({ ...person.trust, acr: { gold: ['magic'] } })],
    ['for one audience as two kinds', trustedWith(other.trust, { ...pod.trust, audience: 'other' })],
    ['for a kind that nobody knows', trustedWith({ ...other.trust, profile: 'jenkins' })],
    ['with rules and a claim both', trustedWith({ ...other.trust, principalClaim: 'sub' })],
    ['with neither rules nor a claim', trustedWith({ ...other.trust, principals: undefined })],
  ])('%s', ([, trusted]) => {
    expect(TrustedIssuer.safeParse(trusted).success).toBe(false);
  });
});
