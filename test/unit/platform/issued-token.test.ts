import { createPublicKey } from 'node:crypto';
import { importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { joseIssuedTokenVerifier } from '../../../lambdas/platform/issued-token.jose.ts';
import { keySet, kmsPublicKey, kmsSigner } from '../../../lambdas/platform/signer.kms.ts';
import { NOW } from '../../support/access-case.ts';
import { kmsStandIn } from './kms-stand-in.ts';

const ISSUER = 'https://sallyport.example';
const standIn = kmsStandIn();
const publicKeys = {
  session: kmsPublicKey(standIn.kms, 'session'),
  grant: kmsPublicKey(standIn.kms, 'grant'),
};
const verifier = joseIssuedTokenVerifier(ISSUER, publicKeys);

const sessionClaims = {
  iss: ISSUER,
  aud: ISSUER,
  sub: 'dana',
  client_id: 'dana',
  iat: NOW,
  exp: NOW + 900,
  jti: 'token-1',
  sid: 'session-dana',
};
const { sid: _, ...common } = sessionClaims;
const grantClaims = { ...common, aud: 'urn:example:ticketing', grant_id: 'grant-1' };

const signedBy = (keyId: string, claims: JWTPayload) => kmsSigner(standIn.kms, keyId).sign('at+jwt', claims);
const session = await signedBy('session', sessionClaims);
const grant = await signedBy('grant', grantClaims);

/** A token of any header, signed with one of our keys. */
async function forged(
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
  keyId = 'session',
) {
  const { kid } = await publicKeys.session.jwk();
  return new SignJWT(claims as JWTPayload)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header })
    .sign(standIn.privateKey(keyId));
}

describe('a token that KMS signed', () => {
  test('verifies as what its key signs', async () => {
    expect([await verifier.verify(session, NOW), await verifier.verify(grant, NOW)]).toEqual([
      {
        of: 'session',
        subject: 'dana',
        actors: [],
        audience: ISSUER,
        jti: 'token-1',
        sessionId: 'session-dana',
        grantId: undefined,
        issuedAtEpochSeconds: NOW,
        expiresAtEpochSeconds: NOW + 900,
        claims: sessionClaims,
      },
      expect.objectContaining({ of: 'grant', grantId: 'grant-1', sessionId: undefined }),
    ]);
  });

  test('tells its actor chain, nearest first', async () => {
    const token = await signedBy('session', { ...sessionClaims, act: { sub: 'a', act: { sub: 'b' } } });
    expect((await verifier.verify(token, NOW))?.actors).toEqual(['a', 'b']);
  });

  test('is named by the thumbprint under which its key is published', async () => {
    const { kid } = JSON.parse(Buffer.from(session.split('.')[0] ?? '', 'base64url').toString());
    const published = await keySet([publicKeys.session, publicKeys.grant]);
    expect(published.keys[0]).toMatchObject({ kid, alg: 'ES256', use: 'sig', kty: 'EC', crv: 'P-256' });
    expect(published.keys.some((key) => 'd' in key)).toBe(false);
  });

  test('works until the second that it expires', async () => {
    expect(await verifier.verify(session, NOW + 899)).toBeDefined();
    expect(await verifier.verify(session, NOW + 900)).toBeUndefined();
  });
});

describe('neither kind passes for the other:', () => {
  test('a credential with a session token’s claims is still a credential', async () => {
    expect((await verifier.verify(await signedBy('grant', sessionClaims), NOW))?.of).toBe('grant');
  });

  test('a credential is nothing to a function that knows session tokens only', async () => {
    const only = joseIssuedTokenVerifier(ISSUER, { session: publicKeys.session });
    expect(await only.verify(await signedBy('grant', sessionClaims), NOW)).toBeUndefined();
  });

  test('a session token is nothing to a function that knows credentials only', async () => {
    const only = joseIssuedTokenVerifier(ISSUER, { grant: publicKeys.grant });
    expect(await only.verify(session, NOW)).toBeUndefined();
  });
});

describe('is none of our tokens:', () => {
  const [header = '', payload = '', signature = ''] = session.split('.');

  test.for<[string, string]>([
    ['nothing', ''],
    ['something else', 'token'],
    ['one part too few', `${header}.${payload}`],
    ['no signature', `${header}.${payload}.`],
    ['another signature', `${header}.${payload}.${grant.split('.')[2]}`],
    ['another payload', `${header}.${grant.split('.')[1]}.${signature}`],
    ['alg none', new UnsecuredJWT(sessionClaims).encode()],
    [
      'alg none under our header’s other members',
      `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${payload}.`,
    ],
    ['more than 8 KiB', `${header}.${payload}.${signature}${'A'.repeat(8192)}`],
  ])('%s', async ([, token]) => {
    expect(await verifier.verify(token, NOW)).toBeUndefined();
  });

  test.for<[string, Record<string, unknown>, Record<string, unknown>?, string?]>([
    ['another typ', sessionClaims, { typ: 'JWT' }],
    ['no typ', sessionClaims, { typ: undefined }],
    ['another issuer', { ...sessionClaims, iss: 'https://evil.example' }],
    ['a session token for another audience', { ...sessionClaims, aud: 'urn:example:ticketing' }],
    ['a token for two audiences', { ...sessionClaims, aud: [ISSUER, 'https://evil.example'] }],
    ['not yet valid', { ...sessionClaims, nbf: NOW + 60 }],
    ['without an expiry', { ...sessionClaims, exp: undefined }],
    ['without a subject', { ...sessionClaims, sub: undefined }],
    ['without an id', { ...sessionClaims, jti: undefined }],
    ['without a client', { ...sessionClaims, client_id: undefined }],
    ['a session id of another type', { ...sessionClaims, sid: 7 }],
    ['signed by another key under our key’s name', sessionClaims, {}, 'stranger'],
    [
      'with a key of its own in its header',
      sessionClaims,
      { jwk: createPublicKey(standIn.privateKey('stranger')).export({ format: 'jwk' }) },
      'stranger',
    ],
    ['with a critical header that nobody knows', sessionClaims, { crit: ['exp'], exp: 1 }],
  ])('%s', async ([, claims, header = {}, keyId]) => {
    const token = await forged(claims, header, keyId).catch(() => 'jose refuses to make it');
    expect(await verifier.verify(token, NOW)).toBeUndefined();
  });

  test('our public key taken for a shared secret', async () => {
    const { kid, ...jwk } = await publicKeys.session.jwk();
    const secret = new TextEncoder().encode(JSON.stringify(jwk));
    const token = await new SignJWT(sessionClaims)
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid })
      .sign(secret);
    expect(await importJWK(jwk, 'ES256')).toBeDefined();
    expect(await verifier.verify(token, NOW)).toBeUndefined();
  });
});

describe('when KMS does not answer', () => {
  test('nothing is signed, and what KMS says goes no further than the cause', async () => {
    const silent = kmsStandIn();
    silent.failing = true;
    const error = await kmsSigner(silent.kms, 'session')
      .sign('at+jwt', sessionClaims)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DependencyUnavailable);
    expect(String(error)).not.toContain('secret');
  });

  test('nothing is verified, until it answers again', async () => {
    const silent = kmsStandIn();
    const signer = kmsSigner(silent.kms, 'session');
    const token = await signer.sign('at+jwt', sessionClaims);
    const own = joseIssuedTokenVerifier(ISSUER, { session: kmsPublicKey(silent.kms, 'session') });
    silent.failing = true;
    await expect(own.verify(token, NOW)).rejects.toThrow(DependencyUnavailable);
    silent.failing = false;
    expect(await own.verify(token, NOW)).toBeDefined();
  });
});

test('the public key is fetched once for the life of the function', async () => {
  const counted = kmsStandIn();
  const signer = kmsSigner(counted.kms, 'session');
  await signer.sign('at+jwt', sessionClaims);
  await signer.sign('at+jwt', sessionClaims);
  expect(counted.calls).toEqual(['GetPublicKeyCommand', 'SignCommand', 'SignCommand']);
});
