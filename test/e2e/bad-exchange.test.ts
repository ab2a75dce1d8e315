import { randomUUID } from 'node:crypto';
import { exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import {
  claimsOf,
  signedWithThePublicKey,
  unsecured,
  withAnotherSignature,
  withClaim,
  withTheOtherSignature,
} from '../support/forged-tokens.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import type { Claims, SelfMadeIssuer } from '../support/self-made-issuer.ts';
import { changingNothing } from '../support/system-state.ts';
import { type TrustingSallyport, trustingSallyportUnderTest } from '../support/world-under-test.ts';

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const AWS_CALLER = 'urn:sallyport:params:oauth:token-type:aws-caller';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

let trusting: TrustingSallyport;
let issuer: SelfMadeIssuer;
let anybody: ApiClient;

beforeAll(async () => {
  trusting = await trustingSallyportUnderTest();
  issuer = trusting.issuer;
  anybody = new ApiClient(trusting.sallyport.apiUrl);
});
afterAll(() => trusting.stop());

const now = () => Math.floor(Date.now() / 1000);
const person: Claims = { sub: 'engineer', aud: 'sallyport-web', amr: ['pwd', 'otp', 'mfa'] };
const agent: Claims = { sub: 'triage-bot', aud: 'sallyport' };
const job: Claims = { sub: 'job', aud: 'sallyport', repository: 'acme/shop', ref: 'refs/heads/main' };

const exchange = (form: Record<string, string> | string): Promise<ApiAnswer> =>
  anybody.send('POST', '/oauth2/token', new URLSearchParams(form));

const exchangeOf = (token: string, type = ID_TOKEN): Promise<ApiAnswer> =>
  exchange({ grant_type: TOKEN_EXCHANGE, subject_token: token, subject_token_type: type });

const exchangeFor = (subject: string, actor: string): Promise<ApiAnswer> =>
  exchange({
    grant_type: TOKEN_EXCHANGE,
    subject_token: subject,
    subject_token_type: ID_TOKEN,
    actor_token: actor,
    actor_token_type: JWT,
  });

async function expectRefused(act: () => Promise<ApiAnswer>): Promise<void> {
  const answer = await changingNothing(trusting.sallyport, act);
  expectProblem(answer, 400, 'invalid-request');
}

describe('what is exchanged', () => {
  it.each([
    ['a person', person],
    ['a person, by an ID token that says when they signed in', { ...person, auth_time: now() - 60 }],
    ['a machine that the rules name', job],
  ])('is the token of %s', async (_who, claims) => {
    const answer = await exchangeOf(await issuer.sign(claims));
    expect(answer).toMatchObject({
      status: 200,
      body: { token_type: 'Bearer', expires_in: expect.any(Number) },
    });
  });

  it('is the token of a person together with that of their own agent, and both are in it', async () => {
    const signedIn = { ...person, auth_time: now() - 60 };
    const answer = await exchangeFor(await issuer.sign(signedIn), await issuer.sign(agent));
    expect(claimsOf(answer.body.access_token)).toMatchObject({
      sub: 'engineer',
      act: { sub: 'triage-bot' },
      channel: 'web',
      acr: 'nist-aal2',
    });
  });
});

describe('no session comes of a token', () => {
  it.each<[string, Claims]>([
    ['that has expired', { ...person, exp: now() - 60 }],
    ['that is not valid yet', { ...person, nbf: now() + 60 }],
    ['without an expiry', { ...person, exp: undefined }],
    ['without a time of issue', { ...person, iat: undefined }],
    ['without a subject', { ...person, sub: undefined }],
    ['for somebody else', { ...person, aud: 'wiki' }],
    ['for nobody', { ...person, aud: undefined }],
    ['for several', { ...person, aud: ['sallyport-web', 'wiki'] }],
    ['for several channels of ours', { ...person, aud: ['sallyport-web', 'sallyport'] }],
    ['of another issuer', { ...person, iss: 'https://id.example.com' }],
    ['of no issuer', { ...person, iss: undefined }],
    ['of a person whom the directory does not know', { ...person, sub: 'mallory' }],
    ['of a machine that comes as a person', { ...person, sub: 'triage-bot' }],
    ['of a person who comes as a machine', { ...agent, sub: 'engineer' }],
    ['of a job on another branch', { ...job, ref: 'refs/heads/feature' }],
    ['of a job of another repository', { ...job, repository: 'mallory/shop' }],
    ['of a job whose claims are of another type', { ...job, ref: ['refs/heads/main'] }],
    ['that fits the rules of two machines', { ...job, sub: 'triage-bot' }],
  ])('%s', async (_what, claims) => {
    const token = await issuer.sign(claims);
    await expectRefused(() => exchangeOf(token));
  });

  it('that is no token', () => expectRefused(() => exchangeOf('no.token.atall')));

  it('that nobody signed', () =>
    expectRefused(() => exchangeOf(unsecured({ ...person, iss: issuer.url, iat: now(), exp: now() + 60 }))));

  it('that was changed after it was signed', async () => {
    const token = await issuer.sign({ ...person, sub: 'responder' });
    await expectRefused(() => exchangeOf(withClaim(token, { sub: 'owner' })));
    await expectRefused(() => exchangeOf(withAnotherSignature(token)));
  });

  it('that was signed with the public key as a secret', async () => {
    const claims = { ...person, iss: issuer.url, iat: now(), exp: now() + 60 };
    const publicKey = await exportSPKI(issuer.publicKey);
    await expectRefused(() => exchangeOf(signedWithThePublicKey(claims, publicKey, { kid: issuer.keyId })));
  });

  it('whose header brings its own key', async () => {
    const own = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(own.publicKey);
    const elsewhere = { jku: 'https://mallory.example/keys', x5u: 'https://mallory.example/cert' };
    for (const header of [{ jwk }, elsewhere, { jwk, kid: undefined }]) {
      const token = await issuer.sign(person, header, own.privateKey);
      await expectRefused(() => exchangeOf(token));
    }
  });

  it.each(['dpop+jwt', 'logout+jwt', 'secevent+jwt'])('of the type %s', async (typ) => {
    const token = await issuer.sign(person, { typ });
    await expectRefused(() => exchangeOf(token));
  });

  it('with a critical header that nobody here understands', async () => {
    const token = await issuer.sign(person, { typ: 'JWT' });
    const [, payload, signature] = token.split('.');
    const header = Buffer.from(JSON.stringify({ alg: 'ES256', crit: ['x'], x: 1 })).toString('base64url');
    await expectRefused(() => exchangeOf(`${header}.${payload}.${signature}`));
  });
});

describe('no second session comes of a token', () => {
  /** Exchanges once what gives a session, and expects that the other gives none. */
  async function expectOnce(token: string, again = token): Promise<void> {
    expect((await exchangeOf(token)).status).toBe(200);
    await expectRefused(() => exchangeOf(again));
  }

  it.each([
    ['a person', person],
    ['a machine', job],
  ])('of %s that was exchanged before', async (_who, claims) => expectOnce(await issuer.sign(claims)));

  it('that bears the name of one that was exchanged before', async () => {
    const named = { ...person, jti: randomUUID() };
    await expectOnce(await issuer.sign(named), await issuer.sign({ ...named, iat: now() - 1 }));
  });

  it('that bears no name and another good signature', async () => {
    const token = await issuer.sign({ ...person, jti: undefined, nonce: randomUUID() });
    await expectOnce(token, withTheOtherSignature(token));
  });

  it('that acts for somebody, and has done so before', async () => {
    const agentToken = await issuer.sign(agent);
    expect((await exchangeFor(await issuer.sign(person), agentToken)).status).toBe(200);
    expectProblem(await exchangeFor(await issuer.sign(person), agentToken), 400, 'invalid-request');
  });

  it('that is exchanged several times at once', async () => {
    const token = await issuer.sign(person);
    const answers = await Promise.all([1, 2, 3, 4].map(() => exchangeOf(token)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400]);
  });
});

describe('nothing tells whether there is an account', () => {
  it('of a token that is refused for whatever reason', async () => {
    const spent = await issuer.sign(person);
    await exchangeOf(spent);
    const answers = [
      await exchangeOf('no.token.atall'),
      await exchangeOf(spent),
      await exchangeOf(await issuer.sign({ ...person, exp: now() - 60 })),
      await exchangeOf(await issuer.sign({ ...person, sub: 'mallory' })),
      await exchangeOf(await issuer.sign({ ...person, sub: 'triage-bot' })),
      await exchangeOf(await issuer.sign({ ...job, ref: 'refs/heads/feature' })),
      await exchangeFor(await issuer.sign({ ...person, sub: 'owner' }), await issuer.sign(agent)),
      await exchangeFor(await issuer.sign({ ...person, sub: 'mallory' }), await issuer.sign(agent)),
    ].map(({ status, body: { request_id: _, ...body } }) => ({ status, body }));
    expect(answers).toEqual(answers.map(() => answers[0]));
  });
});

describe('nobody acts', () => {
  it.each<[string, Claims, Claims]>([
    ['by an agent of somebody else', { ...person, sub: 'owner' }, agent],
    ['by a machine that is no agent', person, job],
    ['by another person', person, { ...person, sub: 'owner' }],
    ['for a machine', job, agent],
    ['by an agent whose token has expired', person, { ...agent, exp: now() - 60 }],
    ['by an agent whose token is for somebody else', person, { ...agent, aud: 'wiki' }],
  ])('%s', async (_how, subject, actor) => {
    const [subjectToken, actorToken] = [await issuer.sign(subject), await issuer.sign(actor)];
    await expectRefused(() => exchangeFor(subjectToken, actorToken));
  });
});

describe('the form of an exchange', () => {
  const form = (changes: Record<string, string | undefined>) => async () => {
    const whole = {
      grant_type: TOKEN_EXCHANGE,
      subject_token: await issuer.sign(person),
      subject_token_type: ID_TOKEN,
      ...changes,
    };
    return Object.fromEntries(
      Object.entries(whole).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  };

  it.each([
    ['no subject token', form({ subject_token: undefined })],
    [
      'a request that was signed for AWS, where no AWS callers are trusted',
      form({ subject_token_type: AWS_CALLER }),
    ],
    ['an unknown type of token', form({ subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' })],
    ['an actor token without its type', form({ actor_token: 'x' })],
    ['a type without its actor token', form({ actor_token_type: JWT })],
    ['an audience, which is not given here', form({ audience: 'urn:sallyport-demo:ticketing' })],
    ['a scope, which is not given here', form({ scope: 'tickets:delete' })],
    ['a token that is too long', form({ subject_token: 'x'.repeat(8193) })],
  ])('is refused with %s', async (_what, build) => {
    const body = await build();
    await expectRefused(() => exchange(body));
  });

  it.each([
    ['another grant type', form({ grant_type: 'authorization_code' })],
    ['no grant type', form({ grant_type: undefined })],
  ])('is refused in OAuth’s own terms with %s', async (_what, build) => {
    const { status, body } = await exchange(await build());
    expect([status, body.error]).toEqual([400, 'unsupported_grant_type']);
  });

  it('is refused with a parameter that comes twice', async () => {
    const body = `${new URLSearchParams(await form({})())}&grant_type=${TOKEN_EXCHANGE}`;
    await expectRefused(() => exchange(body));
  });

  it('is refused as JSON', async () => {
    const body = await form({})();
    await expectRefused(() => anybody.post('/oauth2/token', body));
  });

  it('says what is wrong in OAuth’s own terms', async () => {
    const { body } = await exchangeOf(await issuer.sign({ ...person, exp: now() - 60 }));
    expect(body).toMatchObject({ error: 'invalid_request', error_description: expect.any(String) });
  });
});
