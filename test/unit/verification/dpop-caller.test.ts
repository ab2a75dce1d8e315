import { beforeAll, describe, expect, test } from 'vitest';
import type { IssuedTokenClaims } from '../../../lambdas/platform/issued-token.port.ts';
import { joseProofReader } from '../../../lambdas/platform/proof-of-possession.jose.ts';
import { authorizeCaller } from '../../../lambdas/verification/authorize-caller.step.ts';
import { type Presence, sessionType } from '../../../lambdas/verification/session.ts';
import { callerOf, clockAt, dana, ledgerOfEverybody, NOW, sessionOf } from '../../support/access-case.ts';
import { inMemorySingleUse } from '../../support/in-memory-single-use.ts';
import { type KeyHolder, keyHolder, noncesUnder, proofClaims } from '../../support/key-holder.ts';

const ISSUER = 'https://sallyport.example';
const nonces = noncesUnder('the secret');

let holder: KeyHolder;
let other: KeyHolder;
beforeAll(async () => {
  [holder, other] = await Promise.all([keyHolder(), keyHolder()]);
});

interface Situation {
  /** The key that the token names, and the one that its session is bound to. */
  readonly token?: string | undefined;
  readonly session?: string | undefined;
  readonly scheme?: string;
  /** Who makes the proof; nobody if not said. */
  readonly by?: KeyHolder;
  readonly presence?: Partial<Presence>;
}

/** A call of dana's, whose token is `t`, at `GET /v1/grants`. */
async function call({ token, session, scheme = 'DPoP', by, presence }: Situation) {
  const ledger = ledgerOfEverybody();
  const known = sessionOf(dana);
  ledger.seed(sessionType, {
    ...known,
    presences: known.presences.map((one) => ({
      ...one,
      ...(session === undefined ? {} : { keyThumbprint: session }),
      ...presence,
    })),
  });
  const claims: IssuedTokenClaims = {
    of: 'session',
    subject: 'dana',
    actors: [],
    audience: ISSUER,
    jti: 'token-1',
    sessionId: known.id,
    channel: 'web',
    keyThumbprint: token,
    grantId: undefined,
    issuedAtEpochSeconds: NOW,
    expiresAtEpochSeconds: NOW + 900,
    claims: {},
  };
  const request = { method: 'GET', path: '/v1/grants' };
  const nonce = await nonces.issue(NOW);
  const url = ISSUER + request.path;
  return authorizeCaller({
    tokens: { verify: async () => claims },
    ledger,
    clock: clockAt(),
    proofs: joseProofReader,
    nonces,
    singleUse: inMemorySingleUse(),
    issuer: ISSUER,
  })({
    ...request,
    authorization: `${scheme} t`,
    proof: await by?.sign(proofClaims({ method: 'GET', url, nowEpochSeconds: NOW, accessToken: 't', nonce })),
  });
}

describe('a caller whose token is bound to a key', () => {
  test('is found with a proof of it, is known by it, and is given a nonce for the next', async () => {
    const { thumbprint } = holder;
    expect(await call({ token: thumbprint, session: thumbprint, by: holder })).toEqual({
      caller: { ...callerOf(dana), keyThumbprint: thumbprint },
      scheme: 'DPoP',
      nextNonce: expect.stringMatching(/./),
    });
  });

  test('is found whatever the case of the scheme', async () => {
    const { thumbprint } = holder;
    const found = await call({ token: thumbprint, session: thumbprint, by: holder, scheme: 'dpop' });
    expect(found).toHaveProperty('caller');
  });

  test.for<[string, () => Situation, string]>([
    ['without a proof', () => ({}), 'invalid_dpop_proof'],
    ['with a proof of another key', () => ({ by: other }), 'invalid_dpop_proof'],
    ['as a bearer', () => ({ by: holder, scheme: 'Bearer' }), 'invalid_token'],
    ['in a session that is bound to no key', () => ({ by: holder, session: undefined }), 'invalid_token'],
    ['in a session of another key', () => ({ by: holder, session: other.thumbprint }), 'invalid_token'],
    [
      'in a session that has come there anew since',
      () => ({ by: holder, presence: { sinceEpochSeconds: NOW + 1 } }),
      'invalid_token',
    ],
  ])('is not found %s', async ([, over, refusal]) => {
    const { thumbprint } = holder;
    expect(await call({ token: thumbprint, session: thumbprint, ...over() })).toMatchObject({ refusal });
  });
});

describe('a caller whose token is bound to no key', () => {
  test('is not found in the scheme of those that are, not even with a proof', async () => {
    expect(await call({ by: holder })).toEqual({ refusal: 'invalid_token', scheme: 'DPoP' });
  });

  test('is not found once its session is bound to one', async () => {
    const found = await call({ session: holder.thumbprint, scheme: 'Bearer' });
    expect(found).toEqual({ refusal: 'invalid_token', scheme: 'Bearer' });
  });
});
