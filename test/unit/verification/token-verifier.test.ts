import { generateKeyPairSync } from 'node:crypto';
import { exportJWK } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { TrustedIssuer } from '../../../lambdas/platform/trusted-issuer.ts';
import { joseTokenVerifier } from '../../../lambdas/verification/token-verifier.jose.ts';
import type { TokenVerifier } from '../../../lambdas/verification/token-verifier.port.ts';
import { HOUR, NOW } from '../../support/access-case.ts';
import { type KeyServer, startKeyServer } from '../../support/key-server.ts';

const ISSUER = 'https://issuer.example';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

let keys: KeyServer;
beforeAll(async () => {
  keys = await startKeyServer();
});
afterAll(() => keys.stop());

let verifier: TokenVerifier;
beforeEach(() => {
  keys.asked = [];
  keys.answer = { status: 200, body: JSON.stringify({ keys: [keys.publicJwk] }) };
  const trusted = {
    issuer: ISSUER,
    jwksUri: `${keys.url}/jwks`,
    algorithms: ['ES256'],
    tokens: [
      { audience: 'sallyport-web', channel: 'web', method: 'oidc', principalClaim: 'sub' },
      {
        audience: 'sallyport-ci',
        channel: 'machine',
        method: 'workload-token',
        principals: [
          { claims: { repository: 'acme/shop', ref: 'refs/heads/main' }, principal: 'deploy-bot' },
          { claims: { repository: 'acme/shop', environment: 'production' }, principal: 'release-bot' },
          { claims: { workflow: 'deploy' }, principal: 'deploy-bot' },
        ],
      },
    ],
  };
  verifier = joseTokenVerifier({ trustedIssuers: [TrustedIssuer.parse(trusted)] });
});

const person = {
  iss: ISSUER,
  aud: 'sallyport-web',
  sub: 'dana',
  iat: NOW - 60,
  exp: NOW + 300,
  auth_time: NOW - 120,
  amr: ['pwd', 'otp'],
};
const job = {
  iss: ISSUER,
  aud: 'sallyport-ci',
  sub: 'repo:acme/shop',
  iat: NOW - 60,
  exp: NOW + 300,
  repository: 'acme/shop',
  ref: 'refs/heads/main',
};

type Claims = Readonly<Record<string, unknown>>;

const sign = (claims: Claims, header: Record<string, unknown> = {}) => keys.sign(claims, header);

describe('a token of a trusted issuer', () => {
  test('proves a person by the claim that the deployment names, in the channel of its audience', async () => {
    expect(await verifier.verify(await sign(person), NOW)).toEqual({
      principalId: 'dana',
      of: 'person',
      evidence: {
        channel: 'web',
        method: 'oidc',
        issuer: ISSUER,
        amr: ['pwd', 'otp'],
        phishingResistant: false,
        observedAtEpochSeconds: NOW - 120,
        expiresAtEpochSeconds: NOW - 120 + 30 * 24 * HOUR,
      },
      usedOnce: { value: expect.any(String), untilEpochSeconds: NOW + 300 },
    });
  });

  test('proves a machine by the rule that its claims match, for as long as the token lives', async () => {
    expect(await verifier.verify(await sign(job), NOW)).toEqual({
      principalId: 'deploy-bot',
      of: 'machine',
      evidence: expect.objectContaining({ channel: 'machine', expiresAtEpochSeconds: NOW + 300 }),
      usedOnce: { value: expect.any(String), untilEpochSeconds: NOW + 300 },
    });
  });

  test('may match several rules that name the same principal', async () => {
    const token = await sign({ ...job, workflow: 'deploy' });
    expect((await verifier.verify(token, NOW))?.principalId).toBe('deploy-bot');
  });

  test.for<[string, Claims, number]>([
    ['when it was issued, where it does not say', { ...person, auth_time: undefined }, NOW - 60],
    ['no later than now, by a clock that is fast', { ...person, auth_time: NOW + 3 }, NOW],
  ])('proves it %s', async ([, claims, observedAt]) => {
    const proven = await verifier.verify(await sign(claims), NOW);
    expect(proven?.evidence.observedAtEpochSeconds).toBe(observedAt);
  });

  test('may be of typ JWT', async () => {
    expect(await verifier.verify(await sign(person, { typ: 'JWT' }), NOW)).toBeDefined();
  });

  test.for<[string, Record<string, unknown>, Record<string, string>]>([
    ['an access token of theirs', person, { typ: 'at+jwt' }],
    ['a token that another client was given', { ...person, azp: 'wiki' }, {}],
    ['an authentication that is still to come', { ...person, auth_time: NOW + HOUR }, {}],
  ])('proves no person: %s', async ([, claims, header]) => {
    expect(await verifier.verify(await sign(claims, header), NOW)).toBeUndefined();
  });

  test('that does not say when the person authenticated is good for the lowest level', async () => {
    const { auth_time: _, ...renewed } = { ...person, auth_time: NOW, amr: ['pwd', 'otp', 'mfa'] };
    expect((await verifier.verify(await sign(renewed), NOW))?.evidence.amr).toEqual([]);
  });

  test('may name its one audience in a list', async () => {
    expect(await verifier.verify(await sign({ ...person, aud: ['sallyport-web'] }), NOW)).toBeDefined();
  });

  test('may be verified by a clock five seconds fast', async () => {
    expect(await verifier.verify(await sign({ ...person, nbf: NOW + 5 }), NOW)).toBeDefined();
  });
});

describe('is refused:', () => {
  test.for<[string, Claims, Record<string, unknown>?]>([
    ['of an issuer that nobody trusts', { ...person, iss: 'https://evil.example' }],
    ['of our issuer with a slash too many', { ...person, iss: `${ISSUER}/` }],
    ['of no issuer', { ...person, iss: undefined }],
    ['for another audience', { ...person, aud: 'another' }],
    ['for no audience', { ...person, aud: undefined }],
    ['for two audiences', { ...person, aud: ['sallyport-web', 'another'] }],
    ['for two of our own audiences', { ...person, aud: ['sallyport-web', 'sallyport-ci'] }],
    ['of another typ', person, { typ: 'logout+jwt' }],
    ['expired at this second', { ...person, exp: NOW }],
    ['of a machine, expired within the tolerance of clocks', { ...job, exp: NOW - 3 }],
    ['not yet valid', { ...person, nbf: NOW + 6 }],
    ['without an expiry', { ...person, exp: undefined }],
    ['without the time of its issue', { ...person, iat: undefined }],
    ['without a subject', { ...person, sub: undefined }],
    ['with an empty subject', { ...person, sub: '' }],
    ['with methods that are no list', { ...person, amr: 'pwd' }],
    ['with claims that match no rule', { ...job, ref: 'refs/heads/evil' }],
    ['with claims that match two principals', { ...job, environment: 'production' }],
    ['with a claim of another type', { ...job, ref: ['refs/heads/main'] }],
    ['with a critical header that nobody knows', person, { crit: ['urn:x'], 'urn:x': true }],
    ['under a key id that the issuer does not have', person, { kid: 'key-2' }],
  ])('%s', async ([, claims, header]) => {
    expect(await verifier.verify(await sign(claims, header), NOW)).toBeUndefined();
  });

  test('an algorithm that this issuer is not trusted for, though it has such a key', async () => {
    const rsaJwk = { ...(await exportJWK(rsa.publicKey)), kid: 'key-3', use: 'sig' };
    keys.answer.body = JSON.stringify({ keys: [keys.publicJwk, rsaJwk] });
    const token = await keys.sign(person, { alg: 'RS256', kid: 'key-3' }, rsa.privateKey);
    expect(await verifier.verify(token, NOW)).toBeUndefined();
  });

  test('more than 8 KiB, without a look at it', async () => {
    expect(await verifier.verify(await sign({ ...person, pad: 'x'.repeat(8192) }), NOW)).toBeUndefined();
    expect(keys.asked).toEqual([]);
  });

  test.for(['', '.', '..', 'x.y.z', 'e30.e30.', 'null'])('%j', async (token) => {
    expect(await verifier.verify(token, NOW)).toBeUndefined();
  });
});

describe('the keys of an issuer', () => {
  test('are fetched once', async () => {
    await verifier.verify(await sign(person), NOW);
    await verifier.verify(await sign(job), NOW);
    expect(keys.asked).toEqual(['/jwks']);
  });

  test.for<[string, number, string]>([
    ['answer with an error', 500, '{}'],
    ['are no JSON', 200, '<html>'],
    ['are no list', 200, '{"keys":"none"}'],
  ])('that %s are unavailable, which says nothing of the token', async ([, status, body]) => {
    keys.answer = { status, body };
    await expect(verifier.verify(await sign(person), NOW)).rejects.toThrow(DependencyUnavailable);
  });

  test('that could not be had are asked for again', async () => {
    const token = await sign(person);
    const good = keys.answer;
    keys.answer = { status: 503, body: '{}' };
    await verifier.verify(token, NOW).catch(() => undefined);
    keys.answer = good;
    expect(await verifier.verify(token, NOW)).toBeDefined();
  });
});
