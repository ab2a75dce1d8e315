import { createLocalJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import * as z from 'zod';
import type { IssuedTokenClaims, IssuedTokenRecogniser, IssuedTokenVerifier } from './issued-token.port.ts';
import { type KmsPublicKey, keySet } from './signer.kms.ts';

const MOST_TOKEN_CHARACTERS = 8192;

const Claims = z.looseObject({
  sub: z.string(),
  aud: z.string(),
  jti: z.string(),
  iat: z.int(),
  exp: z.int(),
  sid: z.string().optional(),
  channel: z.string().optional(),
  cnf: z.looseObject({ jkt: z.string() }).optional(),
  grant_id: z.string().optional(),
  act: z.looseObject({ sub: z.string() }).optional(),
});

function actorsIn(act: unknown): string[] {
  const { sub, act: inner } = (act ?? {}) as { sub?: unknown; act?: unknown };
  return typeof sub === 'string' ? [sub, ...actorsIn(inner)] : [];
}

interface Keys {
  /** Signs session tokens. */
  readonly session?: KmsPublicKey;
  /** Signs credentials. A function that is not given it does not recognise credentials. */
  readonly grant?: KmsPublicKey;
}

/**
 * Verifies our own tokens (RFC 9068 §4): `typ`, algorithm, signature, issuer, times. Each kind of token has a
 * key of its own, and which key verified it says which kind it is: neither can pass for the other.
 */
export function joseIssuedTokenVerifier(
  issuer: string,
  keys: Keys,
): IssuedTokenVerifier & IssuedTokenRecogniser {
  const keySets = {
    session: keys.session && keySetOf(keys.session),
    grant: keys.grant && keySetOf(keys.grant),
  };
  return {
    verify: verifyAt,
    // Before any token's end.
    recognise: (token) => verifyAt(token, 0),
  };

  async function verifyAt(token: string, nowEpochSeconds: number): Promise<IssuedTokenClaims | undefined> {
    if (token.length > MOST_TOKEN_CHARACTERS) return undefined;
    for (const [of, key] of [
      ['session', keySets.session],
      ['grant', keySets.grant],
    ] as const) {
      if (key === undefined) continue;
      const verified = await verifyWith(await key(), of, token, nowEpochSeconds);
      if (verified !== undefined) return verified;
    }
    return undefined;
  }

  async function verifyWith(
    key: JWTVerifyGetKey,
    of: 'session' | 'grant',
    token: string,
    nowEpochSeconds: number,
  ): Promise<IssuedTokenClaims | undefined> {
    try {
      const { payload } = await jwtVerify(token, key, {
        issuer,
        typ: 'at+jwt',
        algorithms: ['ES256'],
        requiredClaims: ['exp', 'iat', 'sub', 'aud', 'jti', 'client_id'],
        currentDate: new Date(nowEpochSeconds * 1000),
        ...(of === 'session' ? { audience: issuer } : {}),
      });
      const claims = Claims.safeParse(payload);
      if (!claims.success) return undefined;
      return {
        of,
        subject: claims.data.sub,
        audience: claims.data.aud,
        jti: claims.data.jti,
        sessionId: claims.data.sid,
        grantId: claims.data.grant_id,
        channel: claims.data.channel,
        keyThumbprint: claims.data.cnf?.jkt,
        actors: actorsIn(claims.data.act),
        issuedAtEpochSeconds: claims.data.iat,
        expiresAtEpochSeconds: claims.data.exp,
        claims: payload,
      };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }
}

/** The key is imported once, which costs more than to verify with it. */
function keySetOf(key: KmsPublicKey): () => Promise<JWTVerifyGetKey> {
  let imported: JWTVerifyGetKey | undefined;
  return async () => {
    imported ??= createLocalJWKSet(await keySet([key]));
    return imported;
  };
}
