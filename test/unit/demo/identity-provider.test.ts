import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IdentityProvider, startIdentityProvider } from '../../../demo/identity-provider.ts';
import { connectIdentityProvider } from '../../../demo/identity-provider-client.ts';
import { deployJob } from '../../../demo/personas.ts';
import { LeapingClock } from '../../../local/clock.ts';

let provider: IdentityProvider;

beforeAll(async () => {
  provider = await startIdentityProvider({ port: 0 });
});
afterAll(() => provider.stop());

async function verified(token: string, { issuer = provider.issuer, audience = 'sallyport' } = {}) {
  const discovery = await fetch(`${issuer}/.well-known/openid-configuration`);
  const metadata = (await discovery.json()) as { issuer: string; jwks_uri: string };
  expect(metadata.issuer).toBe(issuer);
  expect(metadata.jwks_uri).toBe(`${issuer}/jwks`);
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
  return jwtVerify(token, keys, { issuer, audience, algorithms: ['ES256'] });
}

describe('the demo identity provider', () => {
  it('signs a person in and says how they authenticated', async () => {
    const token = await provider.idTokenFor('engineer');
    const { payload } = await verified(token, { audience: 'sallyport-web' });
    expect(payload).toMatchObject({
      sub: 'engineer',
      name: 'Erin Okafor',
      email: 'erin@example.com',
      amr: ['pwd', 'otp', 'mfa'],
      acr: 'nist-aal2',
    });
    expect(payload['auth_time']).toBeCloseTo(Date.now() / 1000, -1);
  });

  it('names the channel by the audience', async () => {
    const token = await provider.idTokenFor('owner', { channel: 'desktop' });
    const { payload } = await verified(token, { audience: 'sallyport-desktop' });
    expect(payload.sub).toBe('owner');
  });

  it.each([
    { amr: ['pwd'], acr: 'nist-aal1' },
    { amr: ['hwk', 'user', 'mfa'], acr: 'nist-aal3' },
  ])('reports $amr as $acr', async ({ amr, acr }) => {
    const token = await provider.idTokenFor('engineer', { amr });
    const { payload } = await verified(token, { audience: 'sallyport-web' });
    expect(payload).toMatchObject({ amr, acr });
  });

  it.each(['triage-bot', 'ticketing-api'] as const)('lets %s authenticate as itself', async (persona) => {
    const { payload, protectedHeader } = await verified(await provider.idTokenFor(persona));
    expect(payload).toMatchObject({ sub: persona, client_id: persona });
    expect(protectedHeader.typ).toBe('at+jwt');
  });

  it('describes the CI job as GitHub Actions does, at an issuer of its own', async () => {
    const token = await provider.idTokenFor('deploy-bot');
    const { payload, protectedHeader } = await verified(token, { issuer: provider.ciIssuer });
    expect(payload).toMatchObject({ ...deployJob, sub: 'repo:acme/shop:environment:production' });
    expect(protectedHeader.typ).toBe('JWT');
  });

  it('lets a job run elsewhere than on the main branch', async () => {
    const token = await provider.idTokenFor('deploy-bot', { job: { ref: 'refs/heads/feature' } });
    const { payload } = await verified(token, { issuer: provider.ciIssuer });
    expect(payload['ref']).toBe('refs/heads/feature');
  });

  it('issues tokens for other audiences than Sallyport', async () => {
    const person = await provider.idTokenFor('engineer', { audience: 'wiki' });
    await expect(verified(person, { audience: 'wiki' })).resolves.toBeDefined();
    const machine = await provider.idTokenFor('triage-bot', { audience: 'billing' });
    await expect(verified(machine, { audience: 'billing' })).resolves.toBeDefined();
  });

  it('serves other processes of the machine', async () => {
    const elsewhere = connectIdentityProvider(provider.issuer);
    const token = await elsewhere.idTokenFor('responder', { channel: 'desktop', amr: ['pwd'] });
    const { payload } = await verified(token, { audience: 'sallyport-desktop' });
    expect(payload).toMatchObject({ sub: 'responder', amr: ['pwd'] });
  });

  it('says why it issues nothing, to this process and to others', async () => {
    const unknownClient = { audience: 'nowhere' };
    const reason = 'The identity provider answered invalid_client: client is invalid';
    await expect(provider.idTokenFor('engineer', unknownClient)).rejects.toThrow(reason);
    const elsewhere = connectIdentityProvider(provider.issuer);
    await expect(elsewhere.idTokenFor('engineer', unknownClient)).rejects.toThrow(reason);
  });

  it('refuses to hand tokens to a web page', async () => {
    const response = await fetch(`${provider.issuer}/personas/engineer/token`, {
      method: 'POST',
      body: '{}',
      headers: { origin: 'https://elsewhere.example' },
    });
    expect(response.status).toBe(404);
  });

  it('lives in the present that a test leaps to', async () => {
    const clock = new LeapingClock();
    const restoreDate = clock.installAsDate();
    try {
      clock.leap(8 * 60 * 60 * 1000);
      const { payload } = await verified(await provider.idTokenFor('engineer'), {
        audience: 'sallyport-web',
      });
      expect(payload.iat).toBeCloseTo(clock.now() / 1000, -1);
      expect(payload['auth_time']).toBeCloseTo(clock.now() / 1000, -1);
    } finally {
      restoreDate();
    }
  });

  it('lets several providers run side by side, each an issuer of its own', async () => {
    const other = await startIdentityProvider({ port: 0 });
    const token = await other.idTokenFor('engineer');
    await expect(verified(token, { audience: 'sallyport-web' })).rejects.toThrow();
    await other.stop();
  });
});
