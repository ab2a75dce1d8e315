import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { createRemoteJWKSet, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { type LoopbackServer, serveOnLoopback } from './loopback-server.ts';

/** What its Security Event Tokens are for, at whichever port it is served. */
export const SIGNALS_AUDIENCE = 'urn:sallyport-demo:signals';

/** A Security Event Token as it was received, and verified. */
export type ReceivedSignal = JWTPayload & {
  readonly txn?: string;
  readonly sub_id?: Readonly<Record<string, unknown>>;
  readonly events?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

export interface SignalReceiver extends LoopbackServer {
  /** What it wants to see as `Authorization`: only who knows it may push. */
  readonly authorization: string;
  /** Whose tokens it takes. Until it knows, it takes none. */
  trust(issuer: string): void;
  /** Each once, in the order in which they came. */
  readonly received: readonly ReceivedSignal[];
  /** While it is away, nothing is taken. */
  away: boolean;
}

/** Starts a system that wants to know what was revoked: it takes Security Event Tokens by push (RFC 8935). */
export async function startSignalReceiver({ port }: { port: number }): Promise<SignalReceiver> {
  const received = new Map<string, ReceivedSignal>();
  let trusted: { issuer: string; keys: JWTVerifyGetKey } | undefined;
  const receiver = {
    away: false,
    authorization: `Bearer ${randomBytes(24).toString('base64url')}`,
    get received() {
      return [...received.values()];
    },
    trust(issuer: string) {
      trusted = { issuer, keys: createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`)) };
    },
  };
  const server = await serveOnLoopback(port, () => (request, response) => {
    take(request).then(
      (problem) => {
        if (problem === undefined) return response.writeHead(202).end();
        // RFC 8935 §2.3.
        return response
          .writeHead(400, { 'content-type': 'application/json' })
          .end(JSON.stringify({ err: problem, description: 'The token was not taken.' }));
      },
      () => response.writeHead(503).end(),
    );
  });
  return Object.assign(receiver, server);

  /** @returns the error code of RFC 8935 §2.4 where it is refused */
  async function take(request: IncomingMessage): Promise<string | undefined> {
    const token = await text(request);
    if (receiver.away || trusted === undefined) throw new Error('It takes nothing now');
    if (request.headers['content-type'] !== 'application/secevent+jwt') return 'invalid_request';
    if (request.headers.authorization !== receiver.authorization) return 'authentication_failed';
    const { issuer, keys } = trusted;
    const rules = {
      issuer,
      audience: SIGNALS_AUDIENCE,
      typ: 'secevent+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['jti', 'iat', 'events', 'sub_id'],
    };
    try {
      const { payload } = await jwtVerify<ReceivedSignal>(token, keys, rules);
      received.set(payload.jti ?? '', payload);
      return undefined;
    } catch {
      return 'authentication_failed';
    }
  }
}
