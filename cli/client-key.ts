import { randomUUID } from 'node:crypto';
import type { JWK } from 'jose';

export interface Proven {
  readonly method: string;
  /** Without query and fragment. */
  readonly url: string;
  readonly token: string | undefined;
  readonly nonce: string | undefined;
}

/** A key of this user on this machine, to which a session is bound (RFC 9449). */
export interface ClientKey {
  readonly privateJwk: JWK;
  /** The proof that goes with one request (RFC 9449 §4.2). */
  prove(request: Proven): Promise<string>;
}

export async function createClientKey(): Promise<ClientKey> {
  const { exportJWK, generateKeyPair } = await import('jose');
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return clientKeyOf(await exportJWK(privateKey));
}

/** The key that was kept. jose is loaded when a proof is made: most commands make none. */
export function clientKeyOf(privateJwk: JWK): ClientKey {
  return {
    privateJwk,
    prove: async ({ method, url, token, nonce }) => {
      const { base64url, importJWK, SignJWT } = await import('jose');
      const { d: _, ...jwk } = privateJwk;
      const proof = {
        jti: randomUUID(),
        htm: method,
        htu: url,
        ...(token === undefined ? {} : { ath: base64url.encode(await sha256(token)) }),
        ...(nonce === undefined ? {} : { nonce }),
      };
      return new SignJWT(proof)
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt()
        .sign(await importJWK(privateJwk, 'ES256'));
    },
  };
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}
