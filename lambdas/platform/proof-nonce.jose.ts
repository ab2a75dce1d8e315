import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { errors, jwtVerify, SignJWT } from 'jose';
import { derivedKey } from './derived-key.aws.ts';
import type { ProofNonces } from './proof-nonce.port.ts';

const NONCE_SECONDS = 300;

/** Nonces as JWTs (HS256) that say nothing but until when they are good, so that none has to be remembered. */
export function jwtProofNonces(secrets: SecretsManagerClient, secretId: string): ProofNonces {
  const key = derivedKey(secrets, secretId, 'sallyport proof nonce');
  return {
    async issue(nowEpochSeconds) {
      return new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime(nowEpochSeconds + NONCE_SECONDS)
        .sign(await key());
    },
    async accepts(nonce, nowEpochSeconds) {
      const secret = await key();
      try {
        await jwtVerify(nonce, secret, {
          algorithms: ['HS256'],
          requiredClaims: ['exp'],
          currentDate: new Date(nowEpochSeconds * 1000),
        });
        return true;
      } catch (error) {
        if (error instanceof errors.JOSEError) return false;
        throw error;
      }
    },
  };
}
