import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import { derivedKey } from './derived-key.aws.ts';
import type { PageCursors } from './page-cursor.port.ts';
import { invalidRequest } from './problem.ts';

const CURSOR_HOURS = 24;

/** Cursors as encrypted JWTs (RFC 7516, direct A256GCM), under a key derived from a managed secret. */
export function jweCursors(secrets: SecretsManagerClient, secretId: string): PageCursors {
  const key = derivedKey(secrets, secretId, 'sallyport page cursor');

  return {
    async seal(place, list) {
      return new EncryptJWT({ place })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .setAudience(list)
        .setExpirationTime(`${CURSOR_HOURS}h`)
        .encrypt(await key());
    },
    async open(cursor, list) {
      const secret = await key();
      try {
        const { payload } = await jwtDecrypt<{ place: string }>(cursor, secret, {
          audience: list,
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        });
        return payload.place;
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error;
        throw invalidRequest('The cursor is not one of this list, or too old. Start from the first page.');
      }
    },
  };
}
