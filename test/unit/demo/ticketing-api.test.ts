import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoopbackServer } from '../../../demo/loopback-server.ts';
import { startTicketingApi } from '../../../demo/ticketing-api.ts';
import { startStandInSallyport } from './stand-in-sallyport.ts';

let sallyport: Awaited<ReturnType<typeof startStandInSallyport>>;
let ticketing: LoopbackServer;

beforeAll(async () => {
  sallyport = await startStandInSallyport();
  ticketing = await startTicketingApi({
    port: 0,
    issuer: sallyport.url,
    authenticate: () => sallyport.mint({ sub: 'ticketing-api', aud: sallyport.url }),
  });
});
afterAll(() => Promise.all([sallyport.stop(), ticketing.stop()]));

const call = (
  path: string,
  token?: string,
  { scheme = 'Bearer', ...init }: RequestInit & { scheme?: string } = {},
) =>
  fetch(`${ticketing.url}${path}`, {
    ...init,
    headers: { ...init.headers, ...(token === undefined ? {} : { authorization: `${scheme} ${token}` }) },
  });

const list = '/projects/OPS/tickets';

describe('what a grant opens', () => {
  it('lists the tickets of its project', async () => {
    const response = await call(list, await sallyport.mint());
    expect(response.status).toBe(200);
    const { tickets } = (await response.json()) as { tickets: { id: string }[] };
    expect(tickets.map(({ id }) => id)).toEqual(['OPS-1', 'OPS-2', 'OPS-3']);
  });

  it('records who commented, and for whom', async () => {
    const token = await sallyport.mint({ act: { sub: 'triage-bot' } });
    const comment = { method: 'POST', body: JSON.stringify({ body: 'Seen.' }) };
    const response = await call('/projects/OPS/tickets/OPS-1/comments', token, comment);
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({
      author: { sub: 'engineer', act: { sub: 'triage-bot' } },
      body: 'Seen.',
    });
  });

  it('deletes a ticket once', async () => {
    const token = await sallyport.mint({
      scope: 'tickets:delete',
      authorization_details: [
        { type: 'sallyport-grant', identifier: 'ticketing-web', actions: ['tickets:delete'] },
      ],
    });
    const remove = () => call('/projects/WEB/tickets/WEB-2', token, { method: 'DELETE' });
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
  });

  it('refuses a comment without a text', async () => {
    const empty = { method: 'POST', body: '{}' };
    const response = await call('/projects/OPS/tickets/OPS-1/comments', await sallyport.mint(), empty);
    expect(response.status).toBe(400);
  });
});

describe('what is refused', () => {
  it('a call without a token, with a challenge and no error code', async () => {
    const response = await call(list);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer, DPoP algs="ES256"');
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  it.each<[string, () => string | Promise<string>]>([
    ['an unsigned token', () => sallyport.mintUnsigned()],
    ['a token for another audience', () => sallyport.mint({ aud: 'urn:sallyport-demo:billing' })],
    ['a token of another issuer', () => sallyport.mint({ iss: 'https://elsewhere.example' })],
    ['a token of another type', () => sallyport.mint({}, { header: { typ: 'JWT' } })],
    [
      'a token signed by another key',
      async () => sallyport.mint({}, { key: (await generateKeyPair('ES256')).privateKey }),
    ],
    ['an expired token', () => sallyport.mint({ exp: Math.floor(Date.now() / 1000) - 1 })],
    ['a token without the claims of an access token', () => sallyport.mint({ client_id: undefined })],
    ['a token with claims of another shape', () => sallyport.mint({ authorization_details: 'all' })],
    ['what is no token', () => 'open-sesame'],
  ])('%s', async (_what, mint) => {
    const response = await call(list, await mint());
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(await response.json()).toMatchObject({ status: 401 });
  });

  it('an operation that the scope does not name', async () => {
    const response = await call('/projects/OPS/tickets/OPS-1', await sallyport.mint(), { method: 'DELETE' });
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
    expect(response.headers.get('www-authenticate')).toContain('scope="tickets:delete"');
  });

  it('an operation that the grant names but the scope does not', async () => {
    expect((await call(list, await sallyport.mint({ scope: 'tickets:comment' }))).status).toBe(403);
  });

  it('an operation that the scope names but the grant does not', async () => {
    const token = await sallyport.mint({ scope: 'tickets:read tickets:delete' });
    expect((await call('/projects/OPS/tickets/OPS-1', token, { method: 'DELETE' })).status).toBe(403);
  });

  it('another project than the one of the grant', async () => {
    expect((await call('/projects/WEB/tickets', await sallyport.mint())).status).toBe(403);
  });

  it('a token that introspection says does not count any more', async () => {
    const token = await sallyport.mint();
    expect((await call(list, token)).status).toBe(200);
    sallyport.deactivate(token);
    const response = await call(list, token);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('a path that is none', async () => {
    expect((await call('/projects', await sallyport.mint())).status).toBe(404);
  });
});

describe('a token that is bound to a key', () => {
  async function boundToken() {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const token = await sallyport.mint({ cnf: { jkt: await calculateJwkThumbprint(jwk) } });
    const prove = (claims = {}, accessToken = token) =>
      new SignJWT({
        jti: crypto.randomUUID(),
        htm: 'GET',
        htu: `${ticketing.url}${list}`,
        ath: createHash('sha256').update(accessToken).digest('base64url'),
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt()
        .sign(privateKey);
    const present = (proof: string) => call(list, token, { scheme: 'DPoP', headers: { dpop: proof } });
    return { token, prove, present };
  }

  it('opens with a proof of the key, which counts once', async () => {
    const { prove, present } = await boundToken();
    const proof = await prove();
    expect((await present(proof)).status).toBe(200);
    expect((await present(proof)).status).toBe(401);
  });

  it('does not open as a bearer token, nor without a proof', async () => {
    const { token, prove, present } = await boundToken();
    expect((await call(list, token, { headers: { dpop: await prove() } })).status).toBe(401);
    expect((await present('')).status).toBe(401);
  });

  it('is what the DPoP scheme is for', async () => {
    expect((await call(list, await sallyport.mint(), { scheme: 'DPoP' })).status).toBe(401);
  });

  it('does not open with a proof for something else, or of another key', async () => {
    const { token, prove, present } = await boundToken();
    const other = await boundToken();
    expect((await present(await prove({ htm: 'DELETE' }))).status).toBe(401);
    expect((await present(await prove({ htu: ticketing.url }))).status).toBe(401);
    expect((await present(await prove({}, 'another token'))).status).toBe(401);
    const response = await present(await other.prove({}, token));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_dpop_proof"');
  });
});

describe('its own session at Sallyport', () => {
  it('is used again until it is refused, and then renewed', async () => {
    await call(list, await sallyport.mint());
    const first = sallyport.introspectedBy.at(-1) ?? '';
    await call(list, await sallyport.mint());
    expect(sallyport.introspectedBy.at(-1)).toBe(first);

    sallyport.refuseCaller(first);
    expect((await call(list, await sallyport.mint())).status).toBe(200);
    expect(sallyport.introspectedBy.at(-1)).not.toBe(first);
  });

  it('is renewed before it expires', async () => {
    const ending = await startTicketingApi({
      port: 0,
      issuer: sallyport.url,
      authenticate: () => sallyport.mint({ exp: Math.floor(Date.now() / 1000) + 10 }),
    });
    const listThere = async () =>
      fetch(`${ending.url}${list}`, { headers: { authorization: `Bearer ${await sallyport.mint()}` } });
    await listThere();
    const first = sallyport.introspectedBy.at(-1);
    expect((await listThere()).status).toBe(200);
    expect(sallyport.introspectedBy.at(-1)).not.toBe(first);
    await ending.stop();
  });

  it('cannot be had: nothing opens', async () => {
    const alone = await startTicketingApi({
      port: 0,
      issuer: sallyport.url,
      authenticate: () => Promise.reject(new Error('Sallyport is away')),
    });
    const headers = { authorization: `Bearer ${await sallyport.mint()}` };
    expect((await fetch(`${alone.url}${list}`, { headers })).status).toBe(503);
    await alone.stop();
  });
});
