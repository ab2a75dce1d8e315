import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';

/** How old a proof may be, and so how long its `jti` is remembered. */
const PROOF_LIFETIME_SECONDS = 60;

/** What a client says in a proof (RFC 9449 §4.2). */
export interface ProofOptions {
  readonly method: string;
  /** Without query and fragment. */
  readonly url: string;
  /** The access token that goes with it, if there is one. */
  readonly accessToken?: string | undefined;
  /** The one that the server gave last, if it gave any. */
  readonly nonce?: string | undefined;
}

/** A key of a client, which proves with each request that it holds it. */
export interface ClientKey {
  /** RFC 7638; what tokens that are bound to the key name it by. */
  readonly thumbprint: string;
  prove(options: ProofOptions): Promise<string>;
}

/** Makes a key that does not leave this process. */
export async function createClientKey(): Promise<ClientKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    prove: ({ method, url, accessToken, nonce }) =>
      new SignJWT({
        jti: randomUUID(),
        htm: method,
        htu: url,
        ...(accessToken === undefined ? {} : { ath: hashOf(accessToken) }),
        ...(nonce === undefined ? {} : { nonce }),
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt()
        .sign(privateKey),
  };
}

function hashOf(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest('base64url');
}

export interface ProvenRequest {
  readonly method: string;
  /** Without query and fragment. */
  readonly url: string;
  readonly accessToken: string;
  /** The thumbprint of the key that the access token is bound to: its `cnf.jkt`. */
  readonly keyThumbprint: string;
}

/**
 * Checks DPoP proofs as a resource server does (RFC 9449 §4.3, §7): each is for this one request and this
 * access token, by the key that the token is bound to, and is taken once.
 * @throws if the proof is not that.
 */
export function createProofVerifier(): (proof: string, request: ProvenRequest) => Promise<void> {
  const usedUntil = new Map<string, number>();

  return async (proof, { method, url, accessToken, keyThumbprint }) => {
    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['ES256'],
      maxTokenAge: PROOF_LIFETIME_SECONDS,
      clockTolerance: 5,
      requiredClaims: ['jti', 'htm', 'htu', 'ath'],
    });
    const { jti = '', htm, htu, ath } = payload;
    const isForThisRequest = htm === method && htu === url;
    const isForThisToken = ath === hashOf(accessToken);
    const isByItsKey =
      protectedHeader.jwk !== undefined &&
      (await calculateJwkThumbprint(protectedHeader.jwk)) === keyThumbprint;
    if (!isForThisRequest || !isForThisToken || !isByItsKey)
      throw new Error('The proof is for something else');

    const now = Date.now() / 1000;
    for (const [used, until] of usedUntil) if (until < now) usedUntil.delete(used);
    if (usedUntil.has(jti)) throw new Error('The proof was used before');
    usedUntil.set(jti, now + 2 * PROOF_LIFETIME_SECONDS);
  };
}
