import { GenerateMacCommand, type KMSClient } from '@aws-sdk/client-kms';
import { DependencyUnavailable } from '../platform/failures.ts';
import type { TotpSeeds } from './totp-seeds.port.ts';

/** RFC 4226 §4, R6, recommends 160 bits. */
const SEED_BYTES = 20;

/** A seed is the MAC of its authenticator's id under a key that KMS keeps (RFC 4226 §7.5, deterministic generation). */
export function kmsTotpSeeds(kms: KMSClient, keyId: string): TotpSeeds {
  return {
    async seedOf(authenticatorId) {
      try {
        const { Mac } = await kms.send(
          new GenerateMacCommand({
            KeyId: keyId,
            MacAlgorithm: 'HMAC_SHA_256',
            Message: Buffer.from(`totp-seed:${authenticatorId}`),
          }),
        );
        if (Mac === undefined) throw new Error('KMS gave no MAC');
        return Mac.subarray(0, SEED_BYTES);
      } catch (cause) {
        throw new DependencyUnavailable('KMS did not confirm the call', { cause });
      }
    },
  };
}
