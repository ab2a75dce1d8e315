import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../demo/api-client.ts';
import { passportSeen } from '../../demo/desk.ts';
import { type ClientKey, createClientKey } from '../../demo/proof-of-possession.ts';
import { PushDevice } from '../../demo/push-device.ts';
import { takeCall } from '../../demo/voice-call.ts';
import type { World } from '../../demo/world.ts';
import {
  type AccessCase,
  ask,
  claim,
  claimToken,
  decide,
  giveBack,
  readRequest,
} from '../support/access-path.ts';
import { claimsOf } from '../support/forged-tokens.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { changingNothing } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

const ALGORITHMS = 'algs="ES256 ES384 EdDSA PS256"';
const TICKETS = '/projects/OPS/tickets';

let world: World;
let key: ClientKey;
let thiefsKey: ClientKey;
let token: string;

beforeAll(async () => {
  world = await worldUnderTest();
  [key, thiefsKey] = await Promise.all([createClientKey(), createClientKey()]);
  token = await world.token('engineer', { key });
});
afterAll(() => world.stop());

const at = (path: string) => world.sallyport.apiUrl + path;

/** A call of the API with these headers and nothing else. */
const callWith = (headers: Record<string, string>, path = '/v1/grants') =>
  new ApiClient(world.sallyport.apiUrl).send('GET', path, undefined, headers);

/** A nonce of the API, as a refusal gives it. */
async function nonce(): Promise<string> {
  const dpop = await key.prove({ method: 'GET', url: at('/v1/grants'), accessToken: token });
  const { headers } = await callWith({ authorization: `DPoP ${token}`, dpop });
  return headers.get('dpop-nonce') ?? '';
}

const challengeOf = ({ headers }: { headers: Headers }) => headers.get('www-authenticate');

describe('a session that is bound to a key', () => {
  let access: AccessCase;
  let credential: string;

  it('has tokens that say so', async () => {
    expect(claimsOf(token)).toMatchObject({ cnf: { jkt: key.thumbprint } });
  });

  it('is granted access, and claims a credential that is bound to the same key', async () => {
    access = await ask(world, await world.as('engineer', { key }), readRequest);
    const { status, body } = await claim(access);
    expect({ status, tokenType: body.token_type }).toEqual({ status: 200, tokenType: 'DPoP' });
    credential = body.access_token;
    expect(claimsOf(credential)).toMatchObject({ cnf: { jkt: key.thumbprint } });
  });

  it('opens the target with a proof for each call', async () => {
    const ticketing = new ApiClient(world.ticketingUrl, credential, key);
    expect((await ticketing.get(TICKETS)).status).toBe(200);
    expect((await ticketing.get(TICKETS)).status).toBe(200);
  });

  it('is introspected as bound: the session’s token and the credential', async () => {
    const resourceServer = await world.as('ticketing-api');
    const bound = { active: true, token_type: 'DPoP', cnf: { jkt: key.thumbprint } };
    expect((await resourceServer.postForm('/oauth2/introspect', { token: credential })).body).toMatchObject(
      bound,
    );
    const own = await world.as('engineer', { key });
    expect((await own.postForm('/oauth2/introspect', { token })).body).toMatchObject(bound);
  });

  it('opens the target to nobody who has the credential alone', async () => {
    const asBearer = await new ApiClient(world.ticketingUrl, credential).get(TICKETS);
    const withAnotherKey = await new ApiClient(world.ticketingUrl, credential, thiefsKey).get(TICKETS);
    expect([asBearer.status, withAnotherKey.status]).toEqual([401, 401]);
  });

  it('opens the target once with one proof', async () => {
    const url = world.ticketingUrl + TICKETS;
    const headers = {
      authorization: `DPoP ${credential}`,
      dpop: await key.prove({ method: 'GET', url, accessToken: credential }),
    };
    const call = async () => (await fetch(url, { headers })).status;
    expect([await call(), await call()]).toEqual([200, 401]);
  });

  it('gives it back like any other', async () => {
    expect((await giveBack(access)).status).toBe(202);
    await world.sallyport.settled();
    expect((await new ApiClient(world.ticketingUrl, credential, key).get(TICKETS)).status).toBe(401);
  });

  it('may be of a person and their agent', async () => {
    const access = await ask(world, await world.as('triage-bot', { for: 'engineer', key }), {
      ...readRequest,
      permissions: ['tickets:comment'],
      duration: 'PT20M',
    });
    await decide(world, await world.as('owner', { key: await createClientKey() }), access);
    expect(claimsOf(await claimToken(access))).toMatchObject({
      act: { sub: 'triage-bot' },
      cnf: { jkt: key.thumbprint },
    });
  });
});

describe('a grant that was asked for with a key', () => {
  let access: AccessCase;

  beforeAll(async () => {
    access = await ask(world, await world.as('engineer', { key }), readRequest);
  });

  it('is not claimed in a session that is bound to another key, or to none', async () => {
    for (const options of [{ key: await createClientKey() }, {}]) {
      const requester = await world.as('engineer', options);
      expectProblem(await claim({ ...access, requester }), 403, 'another-key');
    }
  });

  it('is claimed in another session of the same key', async () => {
    const requester = await world.as('engineer', { key });
    expect((await claim({ ...access, requester })).status).toBe(200);
  });
});

describe('a token that is bound to a key does not work', () => {
  it('as a bearer token', async () => {
    const answer = await changingNothing(world.sallyport, () =>
      callWith({ authorization: `Bearer ${token}` }),
    );
    expectProblem(answer, 401, 'invalid_token');
    expect(challengeOf(answer)).toMatch(/^Bearer error="invalid_token".*, DPoP algs=/);
  });

  it('without a proof', async () => {
    const answer = await callWith({ authorization: `DPoP ${token}` });
    expectProblem(answer, 401, 'invalid_dpop_proof');
    expect(challengeOf(answer)).toMatch(/^DPoP error="invalid_dpop_proof"/);
    expect(challengeOf(answer)).toContain(ALGORITHMS);
  });

  it('with a proof of another key', async () => {
    expectProblem(
      await new ApiClient(world.sallyport.apiUrl, token, thiefsKey).get('/v1/grants'),
      401,
      'invalid_dpop_proof',
    );
  });

  it('with a proof that was made without a nonce of ours, and then is given one', async () => {
    const dpop = await key.prove({ method: 'GET', url: at('/v1/grants'), accessToken: token });
    const answer = await changingNothing(world.sallyport, () =>
      callWith({ authorization: `DPoP ${token}`, dpop }),
    );
    expectProblem(answer, 401, 'use_dpop_nonce');
    expect(challengeOf(answer)).toMatch(/^DPoP error="use_dpop_nonce"/);
    expect(answer.headers.get('dpop-nonce')).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
  });

  it('twice with the same proof', async () => {
    const options = { method: 'GET', url: at('/v1/grants'), accessToken: token, nonce: await nonce() };
    const headers = { authorization: `DPoP ${token}`, dpop: await key.prove(options) };
    const first = await callWith(headers);
    expect([first.status, first.headers.get('dpop-nonce')]).toEqual([200, expect.stringMatching(/./)]);
    expectProblem(await callWith(headers), 401, 'invalid_dpop_proof');
  });

  it('with two proofs', async () => {
    const options = { method: 'GET', url: at('/v1/grants'), accessToken: token, nonce: await nonce() };
    const dpop = `${await key.prove(options)}, ${await key.prove(options)}`;
    expectProblem(await callWith({ authorization: `DPoP ${token}`, dpop }), 401, 'invalid_dpop_proof');
  });

  it('with a proof for another path', async () => {
    const options = { method: 'GET', url: at('/v1/grants'), accessToken: token, nonce: await nonce() };
    const headers = { authorization: `DPoP ${token}`, dpop: await key.prove(options) };
    expectProblem(await callWith(headers, '/v1/grants/grant-1'), 401, 'invalid_dpop_proof');
  });

  it('but does with a query, which proofs do not name', async () => {
    const client = new ApiClient(world.sallyport.apiUrl, token, key);
    expect((await client.get('/v1/approvals?status=pending')).status).toBe(200);
  });

  it('once its session has ended, and the challenge is in its scheme', async () => {
    const ended = await world.token('engineer', { key });
    const client = new ApiClient(world.sallyport.apiUrl, ended, key);
    expect((await client.postForm('/oauth2/revoke', { token: ended })).status).toBe(200);
    const answer = await client.get('/v1/grants');
    expectProblem(answer, 401, 'invalid_token');
    expect(challengeOf(answer)).toMatch(/^DPoP error="invalid_token"/);
  });
});

describe('a member of staff whose token is bound to a key', () => {
  it('attests a person in a session that is bound to the same key', async () => {
    const clerk = await world.as('desk-clerk', { key, channel: 'desktop' });
    const { status, body } = await clerk.post('/v1/principals/customer/proofings', passportSeen);
    expect([status, body.token_type]).toEqual([201, 'DPoP']);
    expect(claimsOf(body.access_token)).toMatchObject({ sub: 'customer', cnf: { jkt: key.thumbprint } });
  });
});

describe('a token that is bound to no key', () => {
  it('does not work in the scheme of those that are', async () => {
    const unbound = await world.token('engineer');
    const answer = await new ApiClient(world.sallyport.apiUrl, unbound, key).get('/v1/grants');
    expectProblem(answer, 401, 'invalid_token');
  });
});

describe('the token endpoint', () => {
  const exchangeWith = async (dpop: string) =>
    new ApiClient(world.sallyport.apiUrl).send(
      'POST',
      '/oauth2/token',
      new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: await world.identityProvider.idTokenFor('engineer'),
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      }),
      { dpop },
    );
  const prove = (given?: string) => key.prove({ method: 'POST', url: at('/oauth2/token'), nonce: given });

  it('asks for a nonce first, in OAuth’s own terms', async () => {
    const answer = await exchangeWith(await prove());
    expect([answer.status, answer.body.error]).toEqual([400, 'use_dpop_nonce']);
    expect(answer.headers.get('dpop-nonce')).toMatch(/./);
  });

  it('takes a proof once, and gives the nonce for the next', async () => {
    const proof = await prove(await nonce());
    const first = await exchangeWith(proof);
    expect([first.status, first.body.token_type]).toEqual([200, 'DPoP']);
    expect(first.headers.get('dpop-nonce')).toMatch(/./);
    const again = await exchangeWith(proof);
    expect([again.status, again.body.error]).toEqual([400, 'invalid_dpop_proof']);
  });

  it.each([
    ['what is no proof', async () => 'no.proof.atall'],
    ['nothing in the header', async () => ''],
    ['two proofs', async () => `${await prove(await nonce())}, ${await prove(await nonce())}`],
    [
      'a proof for the API',
      async () => key.prove({ method: 'GET', url: at('/v1/grants'), nonce: await nonce() }),
    ],
  ])('opens no session for %s', async (_what, make) => {
    const proof = await make();
    const answer = await changingNothing(world.sallyport, () => exchangeWith(proof));
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_dpop_proof']);
  });

  it('binds what a gateway polls for to the gateway’s own key, proven once with its own token', async () => {
    const gateway = await world.as('voice-gateway', { key });
    const telephone = await PushDevice.enrol(world.sallyport.apiUrl, await world.as('customer'));
    const call = await takeCall(gateway, 'customer', 'Blue 42');
    for (const push of await telephone.shown()) await telephone.answer(push, 'approve');
    const { status, body } = await call.poll();
    expect([status, body.token_type]).toEqual([200, 'DPoP']);
    expect(claimsOf(body.access_token)).toMatchObject({
      sub: 'customer',
      act: { sub: 'voice-gateway' },
      cnf: { jkt: key.thumbprint },
    });
  });

  it('is not polled with the token of a gateway whose key the sender does not hold', async () => {
    const stolen = await world.token('voice-gateway', { key });
    const poll = { grant_type: 'urn:openid:params:grant-type:ciba', auth_req_id: 'any' };
    const thief = new ApiClient(world.sallyport.apiUrl, stolen, thiefsKey);
    const { status, body } = await thief.postForm('/oauth2/token', poll);
    expect([status, body.error]).toEqual([400, 'invalid_dpop_proof']);
    const asBearer = await new ApiClient(world.sallyport.apiUrl, stolen).postForm('/oauth2/token', poll);
    expect([asBearer.status, asBearer.body.error]).toEqual([401, 'invalid_client']);
  });

  it('says in its metadata how proofs may be signed', async () => {
    const { body } = await new ApiClient(world.sallyport.apiUrl).get(
      '/.well-known/oauth-authorization-server',
    );
    expect(body.dpop_signing_alg_values_supported).toEqual(['ES256', 'ES384', 'EdDSA', 'PS256']);
  });
});
