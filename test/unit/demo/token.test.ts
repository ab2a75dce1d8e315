import { execFile } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IdentityProvider, startIdentityProvider } from '../../../demo/identity-provider.ts';
import { type LoopbackServer, serveOnLoopback } from '../../../demo/loopback-server.ts';

let identityProvider: IdentityProvider;
let sallyport: LoopbackServer;
let exchanged: URLSearchParams;

beforeAll(async () => {
  identityProvider = await startIdentityProvider({ port: 0 });
  sallyport = await serveOnLoopback(0, () => async (request, response) => {
    exchanged = new URLSearchParams(await text(request));
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ access_token: 'token-of-sallyport', token_type: 'Bearer', expires_in: 600 }));
  });
});
afterAll(() => Promise.all([identityProvider.stop(), sallyport.stop()]));

function runToken(...options: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const ports = ['--port', new URL(sallyport.url).port, '--idp-port', new URL(identityProvider.issuer).port];
  return new Promise((resolve) => {
    execFile(process.execPath, ['demo/token.ts', ...ports, ...options], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

describe('npm run token', () => {
  it('prints the token and nothing else', async () => {
    const result = await runToken('engineer', '--channel', 'desktop');
    expect(result).toEqual({ code: 0, stdout: 'token-of-sallyport\n', stderr: '' });
    expect(exchanged.get('subject_token_type')).toBe('urn:ietf:params:oauth:token-type:id_token');
    expect(decodeJwt(exchanged.get('subject_token') ?? '')).toMatchObject({
      sub: 'engineer',
      aud: 'sallyport-desktop',
    });
  });

  it('lets the agent act for a person', async () => {
    expect(await runToken('triage-bot', '--for', 'engineer')).toMatchObject({ code: 0 });
    expect(decodeJwt(exchanged.get('subject_token') ?? '')).toMatchObject({ sub: 'engineer' });
    expect(decodeJwt(exchanged.get('actor_token') ?? '')).toMatchObject({ sub: 'triage-bot' });
    expect(exchanged.get('actor_token_type')).toBe('urn:ietf:params:oauth:token-type:jwt');
  });

  it('fails for a persona that there is not', async () => {
    const result = await runToken('nobody');
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain('There is no persona nobody');
  });

  it('fails when nothing runs', async () => {
    const stopped = await startIdentityProvider({ port: 0 });
    await stopped.stop();
    const result = await runToken('engineer', '--idp-port', new URL(stopped.issuer).port);
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toBe('Sallyport is not running: start it with npm start.\n');
  });

  it.each([[[]], [['engineer', 'owner']], [['triage-bot', '--channel', 'web']], [['engineer', '--loud']]])(
    'explains itself for %j',
    async (options) => {
      const result = await runToken(...options);
      expect(result).toMatchObject({ code: 2, stdout: '' });
      expect(result.stderr).toContain('usage: npm run token');
    },
  );
});
