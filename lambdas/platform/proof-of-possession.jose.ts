import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWK, jwtVerify } from 'jose';
import * as z from 'zod';
import { PROOF_ALGORITHMS, type ProofReader } from './proof-of-possession.port.ts';

/** A proof by an RSA key of 4096 bits, with a nonce, has some 2500. */
const MOST_PROOF_CHARACTERS = 4096;

/** What only the holder of a key may know, and a shared secret (RFC 7518 §6). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
const PublicJwk = z
  .looseObject({ kty: z.enum(['EC', 'OKP', 'RSA']) })
  .refine((jwk) => !secretMembers.some((member) => member in jwk));

const Claims = z.object({
  jti: z.string().min(1).max(256),
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  ath: z.string().optional(),
  nonce: z.string().optional(),
});

/** Verifies with jose: `typ`, algorithm, signature, and that the key is public (RFC 9449 §4.3, 2 to 7). */
export const joseProofReader: ProofReader = {
  async read(proof, nowEpochSeconds) {
    if (proof.length > MOST_PROOF_CHARACTERS) return undefined;
    try {
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: [...PROOF_ALGORITHMS],
        currentDate: new Date(nowEpochSeconds * 1000),
      });
      const jwk = PublicJwk.safeParse(protectedHeader.jwk);
      const claims = Claims.safeParse(payload);
      if (!jwk.success || !claims.success) return undefined;
      const { jti, htm, htu, iat, ath, nonce } = claims.data;
      return {
        keyThumbprint: await calculateJwkThumbprint(jwk.data as JWK),
        id: jti,
        method: htm,
        url: htu,
        issuedAtEpochSeconds: iat,
        accessTokenHash: ath,
        nonce,
      };
    } catch (error) {
      if (isAboutTheProof(error)) return undefined;
      throw error;
    }
  },
};

/** Its key comes with it, so a key that cannot be imported is a fault of the proof too. */
function isAboutTheProof(error: unknown): boolean {
  return error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException;
}
