import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type LoopbackServer, serveOnLoopback } from '../../../../demo/loopback-server.ts';
import { callApi } from '../../../../lambdas/minting/connectors/api-call.https.ts';
import { githubAppRevoker } from '../../../../lambdas/minting/connectors/github-app/revoker.github-app.ts';
import { kubernetesRevoker } from '../../../../lambdas/minting/connectors/kubernetes/revoker.kubernetes.ts';
import { DependencyUnavailable } from '../../../../lambdas/platform/failures.ts';
import { contractGrant } from '../../../contract/connector-contract.ts';
import { loopbackCertificate, loopbackKey } from '../../../support/loopback-certificate.ts';
import { clusterTarget, codeHostTarget, secretsHolding } from '../../../support/token-targets.ts';

let server: LoopbackServer;
afterEach(() => server.stop());

const NOW = 1_800_000_000;

async function serve(listener: RequestListener): Promise<string> {
  server = await serveOnLoopback(0, () => listener);
  return server.url;
}

const get = (url: string, certificateAuthority?: string) =>
  callApi({ method: 'GET', url, headers: {}, certificateAuthority });

describe('a call to an API', () => {
  it('follows no redirect: what is sent along is for this target alone', async () => {
    const asked: string[] = [];
    const url = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await get(`${url}/here`)).toEqual({ status: 302, body: undefined });
    expect(asked).toEqual(['/here']);
  });

  it('takes no answer without end', async () => {
    let sent = 0;
    const url = await serve((_, response) => {
      response.writeHead(200);
      const go = (): void => {
        if (response.destroyed) return;
        sent += 65_536;
        if (response.write(Buffer.alloc(65_536))) setImmediate(go);
        else response.once('drain', go);
      };
      go();
    });
    await expect(get(url)).rejects.toThrow(DependencyUnavailable);
    // Not for as long as a call may take, which would be much more.
    expect(sent).toBeLessThan(2 ** 24);
  });

  it('takes no half of an answer', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"half":', () => response.destroy());
    });
    await expect(get(url)).rejects.toThrow(DependencyUnavailable);
  });

  it('trusts over TLS the authority that it is told of, and no other', async () => {
    const secure = createServer({ cert: loopbackCertificate, key: loopbackKey }, (_, response) => {
      response.end('{"over":"TLS"}');
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    server = {
      url: `https://127.0.0.1:${(secure.address() as AddressInfo).port}`,
      stop: () => new Promise((resolve) => secure.close(() => resolve())),
    };
    expect(await get(server.url, loopbackCertificate)).toEqual({ status: 200, body: { over: 'TLS' } });
    await expect(get(server.url)).rejects.toThrow(DependencyUnavailable);
  });
});

describe('an answer that is not the one that confirms', () => {
  const kept = { access_token: 'a-token-of-a-test' };
  const answering = (status: number) =>
    serve((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    });

  // What it acts with may have been withdrawn: 401 and 403 are about Sallyport, not about what it ends.
  it.each([301, 400, 401, 403, 409, 429, 500, 503])('confirms no end at a cluster: %i', async (status) => {
    const target = clusterTarget(await answering(status));
    const grant = contractGrant(target, ['pods:read'], NOW);
    const revoker = kubernetesRevoker(secretsHolding({ token: 'the-administrators' }));
    await expect(revoker.revoke(grant, target, kept)).rejects.toThrow(DependencyUnavailable);
    for (const known of [kept, undefined])
      expect((await revoker.probe(grant, target, known, NOW)).answer).not.toBe('dead');
  });

  it.each([200, 301, 400, 403, 404, 429, 500, 503])(
    'confirms no end of a token of a code host: %i',
    async (status) => {
      const target = codeHostTarget(await answering(status));
      const grant = contractGrant(target, ['contents:read'], NOW);
      await expect(githubAppRevoker().revoke(grant, target, kept)).rejects.toThrow(DependencyUnavailable);
      expect((await githubAppRevoker().probe(grant, target, kept, NOW)).answer).not.toBe('dead');
    },
  );
});
