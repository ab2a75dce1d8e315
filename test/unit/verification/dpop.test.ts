import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { base64url, calculateJwkThumbprint, exportJWK } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { joseProofReader } from '../../../lambdas/platform/proof-of-possession.jose.ts';
import type { SingleUse } from '../../../lambdas/platform/single-use.port.ts';
import { type ProvenRequest, provePossession } from '../../../lambdas/verification/prove-possession.step.ts';
import { NOW } from '../../support/access-case.ts';
import {
  accessTokenHash,
  type KeyHolder,
  keyHolder,
  noncesUnder,
  proofClaims,
} from '../../support/key-holder.ts';

const ISSUER = 'https://sallyport.example';
const PATH = '/v1/grants';
const TOKEN = 'an.access.token';

/** Remembers, and shows, what was used up. */
function singleUse(): SingleUse & { readonly spent: Map<string, number> } {
  const spent = new Map<string, number>();
  return {
    spent,
    spend: async (kind, value, until) => {
      const key = `${kind} ${value}`;
      if (spent.has(key)) return false;
      spent.set(key, until);
      return true;
    },
  };
}

const nonces = noncesUnder('the secret');

let holder: KeyHolder;
let other: KeyHolder;
let nonce: string;

beforeAll(async () => {
  [holder, other] = await Promise.all([keyHolder(), keyHolder()]);
  nonce = await nonces.issue(NOW);
});

interface Changes {
  readonly header?: Readonly<Record<string, unknown>>;
  /** A claim of `undefined` is left out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly by?: KeyHolder;
}

const claimsOf = () =>
  proofClaims({ method: 'GET', url: ISSUER + PATH, nowEpochSeconds: NOW, accessToken: TOKEN, nonce });

/** A proof that is right but for these changes, signed after they were made. */
const proofWith = ({ header = {}, claims = {}, by = holder }: Changes = {}): Promise<string> =>
  by.sign({ ...claimsOf(), ...claims }, header);

/** A JWS that no library would make. */
function forged(header: object, signature: (input: string) => string): string {
  const encode = (json: object) => base64url.encode(JSON.stringify(json));
  const input = `${encode({ typ: 'dpop+jwt', ...header })}.${encode(claimsOf())}`;
  return `${input}.${signature(input)}`;
}

type Request = Partial<ProvenRequest>;

/** A request with an access token that is bound to this key. */
const boundTo = (keyThumbprint: string): Request => ({ token: { value: TOKEN, keyThumbprint } });

const secretJwk = { kty: 'oct', k: base64url.encode('a secret of thirty-two characters') };

function prover(uses = singleUse()) {
  const prove = provePossession({ proofs: joseProofReader, nonces, singleUse: uses, issuer: ISSUER });
  return (proof: string | undefined, over: Request = {}, now = NOW) =>
    prove(
      {
        proof,
        method: 'GET',
        path: PATH,
        token: { value: TOKEN, keyThumbprint: holder.thumbprint },
        ...over,
      },
      now,
    );
}

const show = (proof: string | undefined, over: Request = {}) => prover()(proof, over);
const provenKey = () => ({ keyThumbprint: holder.thumbprint });

describe('a proof is taken', () => {
  test('that is for this request and this token, by the token’s key', async () => {
    expect(await show(await proofWith())).toMatchObject(provenKey());
  });

  test.for(['ES256', 'ES384', 'EdDSA', 'PS256'])('that is signed with %s', async (alg) => {
    const by = await keyHolder(alg);
    expect(await show(await proofWith({ by }), boundTo(by.thumbprint))).toMatchObject({
      keyThumbprint: by.thumbprint,
    });
  });

  test('without an access token, where none is shown', async () => {
    const request = { method: 'POST', path: '/oauth2/token' };
    const proof = await proofWith({ claims: { htm: 'POST', htu: `${ISSUER}/oauth2/token`, ath: undefined } });
    const prove = provePossession({
      proofs: joseProofReader,
      nonces,
      singleUse: singleUse(),
      issuer: ISSUER,
    });
    expect(await prove({ ...request, proof }, NOW)).toMatchObject(provenKey());
  });

  test.for<[string, string, string?]>([
    ['with a query', `${ISSUER}${PATH}?limit=5`],
    ['with a fragment', `${ISSUER}${PATH}#first`],
    ['with its default port', `https://sallyport.example:443${PATH}`],
    ['in another case of scheme and host', `HTTPS://Sallyport.Example${PATH}`],
    ['with dots in its path', `${ISSUER}/v1/x/../grants`],
    ['with what need not be encoded', `${ISSUER}/v1/gr%61nts`],
    ['with what must be', `${ISSUER}/v1/grants/a%20b`, '/v1/grants/a b'],
  ])('whose URL is the request’s, written %s', async ([, htu, path = PATH]) => {
    expect(await show(await proofWith({ claims: { htu } }), { path })).toMatchObject(provenKey());
  });

  test.for([-60, -59, 59, 60])('%d seconds from the time at which it says it was made', async (seconds) => {
    expect(await show(await proofWith({ claims: { iat: NOW + seconds } }))).toMatchObject(provenKey());
  });

  test('and the next nonce is given with it, which is taken in turn', async () => {
    const { nextNonce } = await show(await proofWith());
    expect(await show(await proofWith({ claims: { nonce: nextNonce } }))).toMatchObject(provenKey());
  });

  test('and is remembered for as long as it could be shown again', async () => {
    for (const iat of [NOW - 60, NOW, NOW + 60]) {
      const uses = singleUse();
      await prover(uses)(await proofWith({ claims: { iat } }));
      const [until = 0] = uses.spent.values();
      expect(until).toBeGreaterThan(iat + 60);
    }
  });

  test('though another key has used the same `jti`', async () => {
    const prove = prover();
    const claims = { jti: 'the-same' };
    expect(await prove(await proofWith({ claims, by: other }), boundTo(other.thumbprint))).toHaveProperty(
      'keyThumbprint',
    );
    expect(await prove(await proofWith({ claims }))).toMatchObject(provenKey());
  });
});

describe('a proof is refused', () => {
  const invalid: [string, () => string | undefined | Promise<string>, (() => Request | Promise<Request>)?][] =
    [
      ['that is not there', () => undefined],
      ['that is empty', () => ''],
      ['that is no JWS', () => 'no.proof.atall'],
      ['that nobody signed', () => forged({ alg: 'none', jwk: holder.jwk }, () => '')],
      [
        'that was signed with a secret which it brings',
        () =>
          forged({ alg: 'HS256', jwk: secretJwk }, (input) =>
            createHmac('sha256', base64url.decode(secretJwk.k)).update(input).digest('base64url'),
          ),
        async () => boundTo(await calculateJwkThumbprint(secretJwk)),
      ],
      [
        'that was signed with its public key as a secret',
        () =>
          forged({ alg: 'HS256', jwk: holder.jwk }, (input) =>
            createHmac('sha256', JSON.stringify(holder.jwk)).update(input).digest('base64url'),
          ),
      ],
      [
        'that brings its private key',
        async () => proofWith({ header: { jwk: await exportJWK(holder.privateKey) } }),
      ],
      [
        'that brings a member of a private key beside a public one',
        async () => proofWith({ header: { jwk: { ...holder.jwk, dp: 'AQAB' } } }),
      ],
      ['that brings no key', () => proofWith({ header: { jwk: undefined } })],
      [
        'that names a key instead of bringing it',
        () => proofWith({ header: { jwk: undefined, kid: 'key-1' } }),
      ],
      [
        'that brings a key which verifies nothing',
        () => proofWith({ header: { jwk: { ...holder.jwk, key_ops: [] } } }),
      ],
      ['that brings what is no key', () => proofWith({ header: { jwk: 'key' } })],
      [
        'that brings a key with a point off its curve',
        () => proofWith({ header: { jwk: { ...holder.jwk, y: holder.jwk.x } } }),
      ],
      ['that brings another key than it was signed with', () => proofWith({ header: { jwk: other.jwk } })],
      ['of another key than the token’s', () => proofWith({ by: other })],
      ['of another type', () => proofWith({ header: { typ: 'JWT' } })],
      ['of no type', () => proofWith({ header: { typ: undefined } })],
      ['of the type of access tokens', () => proofWith({ header: { typ: 'at+jwt' } })],
      [
        'with a critical header that nobody here understands',
        () => proofWith({ header: { crit: ['x'], x: 1 } }),
      ],
      ['for another method', () => proofWith({ claims: { htm: 'POST' } })],
      ['for the method in another case', () => proofWith({ claims: { htm: 'get' } })],
      ['for no method', () => proofWith({ claims: { htm: undefined } })],
      ['for another host', () => proofWith({ claims: { htu: `https://mallory.example${PATH}` } })],
      ['for another port', () => proofWith({ claims: { htu: `https://sallyport.example:8443${PATH}` } })],
      ['for another scheme', () => proofWith({ claims: { htu: `http://sallyport.example${PATH}` } })],
      [
        'for somebody at our host',
        () => proofWith({ claims: { htu: `https://mallory@sallyport.example${PATH}` } }),
      ],
      ['for another path', () => proofWith({ claims: { htu: `${ISSUER}/v1/approvals` } })],
      ['for a path below', () => proofWith({ claims: { htu: `${ISSUER}${PATH}/grant-1` } })],
      ['for the path in another case', () => proofWith({ claims: { htu: `${ISSUER}/V1/grants` } })],
      ['for a path that cannot be decoded', () => proofWith({ claims: { htu: `${ISSUER}/v1/%ff` } })],
      ['for a path alone', () => proofWith({ claims: { htu: PATH } })],
      ['for no URL', () => proofWith({ claims: { htu: undefined } })],
      ['that is a minute and a second old', () => proofWith({ claims: { iat: NOW - 61 } })],
      ['of a minute and a second from now', () => proofWith({ claims: { iat: NOW + 61 } })],
      ['without a time', () => proofWith({ claims: { iat: undefined } })],
      ['with a time that is none', () => proofWith({ claims: { iat: '1767603600' } })],
      ['that says that it has expired', () => proofWith({ claims: { exp: NOW - 1 } })],
      ['without an id', () => proofWith({ claims: { jti: undefined } })],
      ['with an empty id', () => proofWith({ claims: { jti: '' } })],
      ['with an id of any length', () => proofWith({ claims: { jti: 'x'.repeat(257) } })],
      ['without the hash of the token', () => proofWith({ claims: { ath: undefined } })],
      [
        'with the hash of another token',
        () => proofWith({ claims: { ath: accessTokenHash('another.token') } }),
      ],
      ['with the token instead of its hash', () => proofWith({ claims: { ath: TOKEN } })],
      ['that is too large', () => proofWith({ claims: { more: 'x'.repeat(4096) } })],
      ['beside another', async () => `${await proofWith()},${await proofWith()}`],
      ['beside another, with a space', async () => `${await proofWith()}, ${await proofWith()}`],
      ['for another request than this', () => proofWith(), () => ({ method: 'DELETE' })],
      [
        'that was made for another token of the same key',
        () => proofWith(),
        () => ({ token: { value: 'a.later.token', keyThumbprint: holder.thumbprint } }),
      ],
    ];

  test.for(['RS256', 'PS384', 'ES512'])('that is signed with %s', async (alg) => {
    const by = await keyHolder(alg);
    expect(await show(await proofWith({ by }), boundTo(by.thumbprint))).toMatchObject({
      refusal: 'invalid_dpop_proof',
    });
  });

  test.for(invalid)('%s', async ([, make, requested]) => {
    const uses = singleUse();
    expect(await prover(uses)(await make(), await requested?.())).toMatchObject({
      refusal: 'invalid_dpop_proof',
    });
    expect(uses.spent.size).toBe(0);
  });

  test('that was shown before, and only then', async () => {
    const prove = prover();
    const proof = await proofWith();
    expect(await prove(proof)).toMatchObject(provenKey());
    expect(await prove(proof, {}, NOW + 30)).toMatchObject({ refusal: 'invalid_dpop_proof' });
  });

  test('whose id was shown before in another of the same key', async () => {
    const prove = prover();
    const claims = { jti: 'the-same' };
    expect(await prove(await proofWith({ claims }))).toMatchObject(provenKey());
    expect(await prove(await proofWith({ claims: { ...claims, iat: NOW + 1 } }))).toMatchObject({
      refusal: 'invalid_dpop_proof',
    });
  });

  test('whatever single member of it is changed after it was signed', async () => {
    const [head = '', body = '', signature] = (await proofWith()).split('.');
    const parts = [head, body].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    const members = parts.flatMap((part, index) =>
      Object.keys(part).map((member) => [index, member] as const),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...members),
        fc.option(fc.jsonValue()),
        async ([index, member], value) => {
          const changed = parts.map((part, at) =>
            at === index ? { ...part, [member]: value ?? undefined } : part,
          );
          fc.pre(JSON.stringify(changed) !== JSON.stringify(parts));
          const encoded = changed.map((part) => base64url.encode(JSON.stringify(part)));
          expect(await show([...encoded, signature].join('.'))).toHaveProperty('refusal');
        },
      ),
    );
  });

  test('whatever it says instead of what it must, though it is signed so', async () => {
    const bound = ['htm', 'htu', 'ath', 'nonce', 'iat'] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...bound), fc.option(fc.jsonValue()), async (claim, value) => {
        const isInTime = claim === 'iat' && typeof value === 'number' && Math.abs(value - NOW) <= 60;
        fc.pre(!isInTime);
        const proof = await proofWith({ claims: { [claim]: value ?? undefined } });
        expect(await show(proof)).toHaveProperty('refusal');
      }),
    );
  });
});

describe('a nonce is asked for', () => {
  const asked: [string, () => unknown | Promise<unknown>][] = [
    ['none', () => undefined],
    ['an empty one', () => ''],
    ['one that was made up', () => 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA'],
    ['one of another deployment', () => noncesUnder('another secret').issue(NOW)],
    ['one that is five minutes old', () => nonces.issue(NOW - 300)],
    [
      'an unsigned one',
      () => `${base64url.encode('{"alg":"none"}')}.${base64url.encode(`{"exp":${NOW + 300}}`)}.`,
    ],
    [
      'one whose time was put off',
      async () => {
        const [header, , signature] = (await nonces.issue(NOW)).split('.');
        return `${header}.${base64url.encode(`{"exp":${NOW + 3000}}`)}.${signature}`;
      },
    ],
  ];

  test.for(asked)('of a proof with %s, and given', async ([, make]) => {
    const uses = singleUse();
    const answer = await prover(uses)(await proofWith({ claims: { nonce: await make() } }));
    expect(answer).toMatchObject({ refusal: 'use_dpop_nonce' });
    expect(uses.spent.size).toBe(0);
    expect(await show(await proofWith({ claims: { nonce: answer.nextNonce } }))).toMatchObject(provenKey());
  });

  test('not of a proof with one that is younger than five minutes', async () => {
    const given = await nonces.issue(NOW - 299);
    expect(await show(await proofWith({ claims: { nonce: given } }))).toMatchObject(provenKey());
  });

  test('of nobody where the key of the nonces cannot be had: nothing is taken', async () => {
    const prove = provePossession({
      proofs: joseProofReader,
      nonces: noncesUnder(),
      singleUse: singleUse(),
      issuer: ISSUER,
    });
    const proof = await proofWith();
    await expect(prove({ proof, method: 'GET', path: PATH }, NOW)).rejects.toThrow(DependencyUnavailable);
  });

  test('in a form that a header may hold (RFC 9449 §8.1)', async () => {
    expect(await nonces.issue(NOW)).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
  });
});
