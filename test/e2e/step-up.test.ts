import { decodeJwt } from 'jose';
import { type TOTP, URI } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import { visit } from '../../demo/desk.ts';
import type { PersonaId } from '../../demo/personas.ts';
import { demoMaker, SoftwareAuthenticator } from '../../demo/software-authenticator.ts';
import type { World } from '../../demo/world.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

/** Where the demo's deployment document says that passkeys are shown. */
const ORIGIN = 'http://localhost:8080';
/** Nobody else in these tests enrols anything as this person. */
const PERSON: PersonaId = 'second-owner';

let world: World;
beforeAll(async () => {
  world = await worldUnderTest();
});
afterAll(() => world.stop());

/** A session of its own, and a client in it. */
interface SignedIn {
  readonly client: ApiClient;
  readonly token: string;
  readonly session: string;
}

async function signIn(amr?: readonly string[], persona = PERSON): Promise<SignedIn> {
  const token = await world.token(persona, amr === undefined ? {} : { amr });
  return withToken(token);
}

function withToken(token: string): SignedIn {
  const { sid } = decodeJwt(token);
  return { client: new ApiClient(world.sallyport.apiUrl, token), token, session: String(sid) };
}

async function enrolPasskey({ client }: SignedIn, device: SoftwareAuthenticator): Promise<ApiAnswer> {
  const begun = await client.post('/v1/authenticators', { type: 'passkey', name: 'Key' });
  expect(begun).toMatchObject({ status: 201, body: { type: 'passkey' } });
  return client.post(`/v1/authenticators/${begun.body.id}/confirmation`, {
    type: 'passkey',
    credential: device.create(begun.body.public_key),
  });
}

async function challenge({ client, session }: SignedIn, wish: object): Promise<ApiAnswer> {
  const begun = await client.post(`/v1/sessions/${session}/step-ups`, wish);
  expect(begun).toMatchObject({ status: 201 });
  return begun;
}

function answer({ client }: SignedIn, stepUpId: string, response: object): Promise<ApiAnswer> {
  return client.post(`/v1/step-ups/${stepUpId}/response`, response);
}

describe('a passkey that is synced', () => {
  const device = new SoftwareAuthenticator({ origin: ORIGIN, synced: true });

  it('is not enrolled on a password alone', async () => {
    const weak = await signIn(['pwd']);
    const refused = await weak.client.post('/v1/authenticators', { type: 'passkey', name: 'Key' });
    expectProblem(refused, 401, 'insufficient-user-authentication');
    expect(refused.headers.get('www-authenticate')).toContain('acr_values="nist-aal2", max_age=900');
  });

  it('is enrolled by who has just shown two factors', async () => {
    expect(await enrolPasskey(await signIn(), device)).toMatchObject({
      status: 200,
      body: { authenticator: { type: 'passkey', synced: true, hardware: false, status: 'active' } },
    });
  });

  it('lifts a session from AAL1 to AAL2, once an answer', async () => {
    const weak = await signIn(['pwd']);
    expect(decodeJwt(weak.token)['acr']).toBe('nist-aal1');
    const { body } = await challenge(weak, { acr_values: 'nist-aal2' });
    const credential = device.get(body.public_key);
    const answered = await answer(weak, body.id, { method: 'passkey', credential });
    expect(answered).toMatchObject({ status: 200, body: { token_type: 'Bearer', acr: 'nist-aal2' } });
    const claims = decodeJwt(answered.body.access_token);
    expect(claims).toMatchObject({ sid: weak.session, acr: 'nist-aal2', amr: ['swk', 'user', 'mfa'] });

    const replayed = await answer(weak, body.id, { method: 'passkey', credential });
    expectProblem(replayed, 400, 'step-up-refused');
    const { body: next } = await challenge(weak, {});
    expectProblem(await answer(weak, next.id, { method: 'passkey', credential }), 400, 'step-up-refused');
  });

  it('does not give AAL3, and says so before it is tried', async () => {
    const { client, session } = await signIn();
    const refused = await client.post(`/v1/sessions/${session}/step-ups`, { acr_values: 'nist-aal3' });
    expectProblem(refused, 409, 'no-authenticator');
  });

  it('is answered for by nobody else', async () => {
    const owner = await signIn();
    const { body } = await challenge(owner, {});
    const response = { method: 'passkey', credential: device.get(body.public_key) };
    const other = await signIn(undefined, 'responder');
    expectProblem(await answer(other, body.id, response), 404, 'not-found');
    expectProblem(await answer(other, 'unknown', response), 404, 'not-found');
    expect(await answer(owner, body.id, response)).toMatchObject({ status: 200 });
  });
});

async function enrolApp({ client }: SignedIn): Promise<{ app: TOTP; id: string }> {
  const { body } = await client.post('/v1/authenticators', { type: 'totp', name: 'App' });
  const app = URI.parse(body.otpauth_uri) as TOTP;
  const confirmation = { type: 'totp', code: app.generate() };
  expect(await client.post(`/v1/authenticators/${body.id}/confirmation`, confirmation)).toMatchObject({
    status: 200,
    body: { authenticator: { id: body.id, status: 'active' } },
  });
  return { app, id: body.id };
}

describe('one-time codes', () => {
  it('are the fallback: with a password they are AAL2, and each counts once', async () => {
    const { app } = await enrolApp(await signIn());
    const weak = await signIn(['pwd']);
    // The code of enrolling has counted, and this one comes early: clocks differ.
    const code = app.generate({ timestamp: Date.now() + 30_000 });
    const first = await challenge(weak, { method: 'otp' });
    const answered = await answer(weak, first.body.id, { method: 'otp', code });
    expect(answered).toMatchObject({ status: 200, body: { acr: 'nist-aal2' } });
    const second = await challenge(weak, { method: 'otp' });
    expectProblem(await answer(weak, second.body.id, { method: 'otp', code }), 400, 'step-up-refused');
  });

  it('are of one app at a time, and of none once it is given up', async () => {
    const strong = await signIn();
    const [before, now] = [await enrolApp(strong), await enrolApp(strong)];
    const listed = async () =>
      (await strong.client.get('/v1/authenticators')).body.authenticators.map(({ id }: { id: string }) => id);
    expect(await listed()).toContain(now.id);
    expect(await listed()).not.toContain(before.id);

    const other = await signIn(undefined, 'responder');
    expectProblem(await other.client.delete(`/v1/authenticators/${now.id}`), 404, 'not-found');
    expect(await strong.client.delete(`/v1/authenticators/${now.id}`)).toMatchObject({
      status: 200,
      body: { authenticator: { id: now.id, status: 'revoked' } },
    });
    expect(await listed()).not.toContain(now.id);
    const refused = await strong.client.post(`/v1/sessions/${strong.session}/step-ups`, { method: 'otp' });
    expectProblem(refused, 409, 'no-authenticator');
  });
});

it('a passkey whose maker attests its hardware lifts a session to AAL3', async () => {
  const device = new SoftwareAuthenticator({ origin: ORIGIN, maker: demoMaker });
  expect(await enrolPasskey(await signIn(), device)).toMatchObject({
    body: { authenticator: { synced: false, hardware: true } },
  });
  const weak = await signIn(['pwd']);
  const { body } = await challenge(weak, { acr_values: 'nist-aal3' });
  const response = { method: 'passkey', credential: device.get(body.public_key) };
  const answered = await answer(weak, body.id, response);
  expect(answered).toMatchObject({ status: 200, body: { acr: 'nist-aal3' } });

  const lifted = withToken(answered.body.access_token);
  const another = new SoftwareAuthenticator({ origin: ORIGIN });
  expect(await enrolPasskey(lifted, another)).toMatchObject({ status: 200 });
});

it('a code from the desk lets its person enrol one authenticator with a password alone', async () => {
  const { enrolmentCode } = await visit(world, PERSON);
  const wish = { type: 'passkey', name: 'Key', right: enrolmentCode };
  const other = await signIn(['pwd'], 'responder');
  expectProblem(await other.client.post('/v1/authenticators', wish), 403, 'no-right-to-enrol');

  const weak = await signIn(['pwd']);
  const begun = await weak.client.post('/v1/authenticators', wish);
  expect(begun).toMatchObject({ status: 201 });
  const device = new SoftwareAuthenticator({ origin: ORIGIN, synced: true });
  const credential = device.create(begun.body.public_key);
  const confirmation = { type: 'passkey', credential };
  expect(
    await weak.client.post(`/v1/authenticators/${begun.body.id}/confirmation`, confirmation),
  ).toMatchObject({ status: 200 });
  expectProblem(await weak.client.post('/v1/authenticators', wish), 403, 'no-right-to-enrol');
});

it('a machine cannot step up, nor an agent in the name of its person', async () => {
  for (const token of [
    await world.token('deploy-bot'),
    await world.token('triage-bot', { for: 'engineer' }),
  ]) {
    const { client, session } = withToken(token);
    expectProblem(await client.post(`/v1/sessions/${session}/step-ups`, {}), 403, 'not-the-person');
  }
});
