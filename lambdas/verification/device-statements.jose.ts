import { decodeProtectedHeader, errors, importJWK, jwtVerify } from 'jose';
import * as z from 'zod';
import type { DeviceStatements } from './device-statements.port.ts';

/** Signed at the moment of asking: what is older was recorded by somebody. */
const OLDEST_STATEMENT_SECONDS = 60;
const CLOCK_TOLERANCE_SECONDS = 5;

const Claims = z.looseObject({ iat: z.int(), jti: z.string().min(1).max(128) });

/**
 * Verifies with jose: ES256 only, by the key that was enrolled, whatever the header says of keys; for this
 * deployment (`aud`), of one type, and of the last minute.
 */
export function joseDeviceStatements(issuer: string): DeviceStatements {
  return {
    namedIn(statement) {
      try {
        return decodeProtectedHeader(statement).kid;
      } catch {
        return undefined;
      }
    },

    async verify(statement, typ, publicKey, nowEpochSeconds) {
      try {
        const key = await importJWK({ ...publicKey }, 'ES256');
        const { payload } = await jwtVerify(statement, key, {
          algorithms: ['ES256'],
          typ,
          audience: issuer,
          requiredClaims: ['iat', 'jti'],
          maxTokenAge: OLDEST_STATEMENT_SECONDS,
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(nowEpochSeconds * 1000),
        });
        const claims = Claims.safeParse(payload);
        if (!claims.success) return { outcome: 'unacceptable' };
        const { iat, jti } = claims.data;
        return {
          outcome: 'verified',
          jti,
          expiresAtEpochSeconds: iat + OLDEST_STATEMENT_SECONDS + 2 * CLOCK_TOLERANCE_SECONDS,
          claims: payload,
        };
      } catch (error) {
        if (error instanceof errors.JWSSignatureVerificationFailed) return { outcome: 'forged' };
        if (error instanceof errors.JOSEError) return { outcome: 'unacceptable' };
        throw error;
      }
    },
  };
}
