import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';

/** How old a proof may be, and so how long its `jti` is remembered. */
const PROOF_LIFETIME_SECONDS = 60;

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
    const isForThisToken = ath === createHash('sha256').update(accessToken).digest('base64url');
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
