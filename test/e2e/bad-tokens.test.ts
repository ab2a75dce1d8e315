import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../demo/api-client.ts';
import type { PersonaId } from '../../demo/personas.ts';
import type { World } from '../../demo/world.ts';
import { caseEvent } from '../../lambdas/platform/case-event.ts';
import { systemClock } from '../../lambdas/platform/clock.system.ts';
import { replacement } from '../../lambdas/platform/entity.ts';
import { type Principal, principalType } from '../../lambdas/verification/principal.ts';
import {
  approvedForAgent,
  claimToken,
  grantedToEngineer,
  isActive,
  readRequest,
} from '../support/access-path.ts';
import {
  claimsOf,
  signedWithThePublicKey,
  unsecured,
  withAnotherSignature,
  withClaim,
} from '../support/forged-tokens.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { changingNothing, ledgerOf } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;
let token: string;

beforeAll(async () => {
  world = await worldUnderTest();
  token = await world.token('engineer');
});
afterAll(() => world.stop());

/** Asks for access with this as the `Authorization` header. */
const askWith = (authorization: string | undefined) =>
  changingNothing(world.sallyport, () =>
    new ApiClient(world.sallyport.apiUrl).post(
      '/v1/access-requests',
      readRequest,
      authorization === undefined ? {} : { authorization },
    ),
  );

async function expectNotAccepted(accessToken: string): Promise<void> {
  const answer = await askWith(`Bearer ${accessToken}`);
  expectProblem(answer, 401, 'invalid_token');
  expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
}

describe('no caller is found', () => {
  it.each([
    ['without a token', undefined],
    ['in another scheme', 'Basic ZW5naW5lZXI6cHdk'],
    ['in a scheme without a token', 'Bearer'],
    ['in what is no token', 'Bearer {"sub":"engineer"}'],
  ])('%s, and the challenge names no error (RFC 6750 §3.1)', async (_what, authorization) => {
    const answer = await askWith(authorization);
    expectProblem(answer, 401, 'no-token');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer, DPoP algs="ES256 ES384 EdDSA PS256"');
  });

  it('in two schemes at once', async () => {
    expect((await askWith(`Bearer ${token}, Basic ZW5naW5lZXI6cHdk`)).status).toBe(401);
    expect((await askWith(`Bearer ${token}, Bearer ${await world.token('owner')}`)).status).toBe(401);
  });

  it('in the query', async () => {
    const anybody = new ApiClient(world.sallyport.apiUrl);
    expectProblem(await anybody.get(`/v1/grants?access_token=${token}`), 401, 'no-token');
  });
});

describe('a token is not accepted', () => {
  it('that nobody signed', () => expectNotAccepted(unsecured(claimsOf(token))));

  it('that was signed with our public key as a secret', async () => {
    const { body } = await new ApiClient(world.sallyport.apiUrl).get('/.well-known/jwks.json');
    for (const jwk of body.keys) {
      const pem = createPublicKey({ key: jwk, format: 'jwk' })
        .export({ type: 'spki', format: 'pem' })
        .toString();
      await expectNotAccepted(signedWithThePublicKey(claimsOf(token), pem, { kid: jwk.kid }));
    }
  });

  it('whose claims were changed', () => expectNotAccepted(withClaim(token, { sub: 'owner' })));

  it('whose signature was changed', () => expectNotAccepted(withAnotherSignature(token)));

  it('that is an ID token of an issuer that we trust', async () =>
    expectNotAccepted(await world.identityProvider.idTokenFor('engineer')));

  it('that is a machine’s token of an issuer that we trust', async () =>
    expectNotAccepted(await world.identityProvider.idTokenFor('triage-bot')));

  it('that is a credential for a target', async () =>
    expectNotAccepted(await claimToken(await grantedToEngineer(world))));

  it('of a session that has ended', async () => {
    const ended = await world.token('engineer');
    const client = new ApiClient(world.sallyport.apiUrl, ended);
    expect((await client.postForm('/oauth2/revoke', { token: ended })).status).toBe(200);
    await expectNotAccepted(ended);
  });
});

describe('introspection of a session token', () => {
  it('finds it active for its own principal, for nobody who is no party, and not once its session has ended', async () => {
    const looking = await world.token('engineer');
    const introspected = async (as: PersonaId) =>
      (await (await world.as(as)).postForm('/oauth2/introspect', { token: looking })).body.active;
    expect(await introspected('engineer')).toBe(true);
    expect(await introspected('owner')).toBe(false);
    await (await world.as('engineer')).postForm('/oauth2/revoke', { token: looking });
    expect(await introspected('engineer')).toBe(false);
  });
});

describe('a principal who is no longer active', () => {
  async function setStatus(id: PersonaId, status: Principal['status']): Promise<void> {
    const ledger = ledgerOf(world.sallyport);
    const stored = await ledger.read(principalType, id);
    if (stored === undefined) throw new Error(`${id} is not in the directory`);
    await ledger.commit({
      chain: `principal-${id}`,
      event: caseEvent(systemClock, 'txn-of-a-test', `principal.${status}`, { service: 'test' }, {}),
      changes: [replacement(principalType, stored, { ...stored.entity, status })],
    });
  }

  async function whileSuspended(id: PersonaId, act: () => Promise<void>): Promise<void> {
    await setStatus(id, 'suspended');
    try {
      await act();
    } finally {
      await setStatus(id, 'active');
    }
  }

  it('is not let in with the token that they have, nor given another', async () => {
    const before = await world.token('second-owner');
    await whileSuspended('second-owner', async () => {
      await expectNotAccepted(before);
      await expect(world.token('second-owner')).rejects.toThrow('invalid_request');
    });
    const client = new ApiClient(world.sallyport.apiUrl, before);
    expect((await client.get('/v1/grants')).status).toBe(200);
  });

  it.each(['engineer', 'triage-bot'] as const)('takes a live credential with them: %s', async (id) => {
    const credential = await claimToken(await approvedForAgent(world));
    await whileSuspended(id, async () => {
      expect(await isActive(world, credential)).toBe(false);
    });
    expect(await isActive(world, credential)).toBe(true);
  });

  it('takes the machines that they own with them', async () => {
    const machine = await world.token('deploy-bot');
    await whileSuspended('engineer', () => expectNotAccepted(machine));
  });
});

describe('introspection (RFC 7662)', () => {
  it('tells a credential to its own resource server and parties, and to nobody else that it is one', async () => {
    const credential = await claimToken(await grantedToEngineer(world));
    const ask = async (persona: PersonaId) =>
      (await (await world.as(persona)).postForm('/oauth2/introspect', { token: credential })).body;
    expect(await ask('ticketing-api')).toMatchObject({ active: true, scope: 'tickets:read' });
    expect(await ask('engineer')).toMatchObject({ active: true });
    expect(await ask('owner')).toEqual({ active: false });
  });

  it.each([
    ['what is no token', () => 'nothing'],
    ['a token that was changed', () => withClaim(token, { sub: 'owner' })],
  ])('says of %s that it is inactive, and nothing more', async (_what, forged) => {
    const { status, body } = await (await world.as('ticketing-api')).postForm('/oauth2/introspect', {
      token: forged(),
    });
    expect({ status, body }).toEqual({ status: 200, body: { active: false } });
  });

  it('is not for those who do not say who they are', async () => {
    const anybody = new ApiClient(world.sallyport.apiUrl);
    expectProblem(await anybody.postForm('/oauth2/introspect', { token }), 401, 'no-token');
  });
});
