import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { serveOnLoopback } from '../../demo/loopback-server.ts';

/** Serves an issuer's keys on this machine, and says what was asked of it. */
export interface KeyServer {
  readonly url: string;
  readonly publicKey: KeyObject;
  readonly publicJwk: object;
  /** What it answers from now on; its own key, at first. */
  answer: { status: number; body: string };
  /** The paths that were asked for; a test empties it. */
  asked: string[];
  /** A token of just these claims. */
  sign(claims: object, header?: object, key?: KeyObject | Uint8Array): Promise<string>;
  stop(): Promise<void>;
}

export async function startKeyServer(): Promise<KeyServer> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicJwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'ES256', use: 'sig' };
  const { url, stop } = await serveOnLoopback(0, () => (request, response) => {
    server.asked.push(request.url ?? '');
    response.writeHead(server.answer.status, { 'content-type': 'application/json' }).end(server.answer.body);
  });
  const server: KeyServer = {
    url,
    publicKey,
    publicJwk,
    answer: { status: 200, body: JSON.stringify({ keys: [publicJwk] }) },
    asked: [],
    sign: (claims, header = {}, key = privateKey) =>
      new SignJWT(claims as JWTPayload)
        .setProtectedHeader({ alg: 'ES256', kid: 'key-1', ...header })
        .sign(key, { crit: { 'urn:x': true } }),
    stop,
  };
  return server;
}
