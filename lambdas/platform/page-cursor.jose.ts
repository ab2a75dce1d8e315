import { hkdfSync } from 'node:crypto';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import { DependencyUnavailable } from './failures.ts';
import type { PageCursors } from './page-cursor.port.ts';
import { invalidRequest } from './problem.ts';

const CURSOR_HOURS = 24;

/** Cursors as encrypted JWTs (RFC 7516, direct A256GCM), under a key derived from a managed secret. */
export function jweCursors(secrets: SecretsManagerClient, secretId: string): PageCursors {
  let fetched: Promise<Uint8Array> | undefined;
  const key = () => {
    fetched ??= fetchKey().catch((error: unknown) => {
      fetched = undefined;
      throw error;
    });
    return fetched;
  };

  async function fetchKey(): Promise<Uint8Array> {
    try {
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: secretId }));
      if (SecretString === undefined) throw new TypeError('The secret holds no text');
      return new Uint8Array(hkdfSync('sha256', SecretString, '', 'sallyport page cursor', 32));
    } catch (cause) {
      throw new DependencyUnavailable('The key of the page cursors could not be had', { cause });
    }
  }

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
