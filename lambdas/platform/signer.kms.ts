import { createHash, createPublicKey } from 'node:crypto';
import { GetPublicKeyCommand, type KMSClient, SignCommand } from '@aws-sdk/client-kms';
import ecdsa from 'ecdsa-sig-formatter';
import { calculateJwkThumbprint, exportJWK, type JSONWebKeySet, type JWK } from 'jose';
import { DependencyUnavailable } from './failures.ts';
import type { Signer } from './signer.port.ts';

/** A KMS key's public half does not change, so it is fetched once for the life of the function. */
export interface KmsPublicKey {
  jwk(): Promise<JWK & { kid: string }>;
}

/** The public half of a KMS key (ECC_NIST_P256), named by its RFC 7638 thumbprint. */
export function kmsPublicKey(kms: KMSClient, keyId: string): KmsPublicKey {
  let fetched: Promise<JWK & { kid: string }> | undefined;
  const fetchKey = async () => {
    const answer = await available(() => kms.send(new GetPublicKeyCommand({ KeyId: keyId })));
    if (answer.PublicKey === undefined) throw new DependencyUnavailable('KMS gave no public key');
    const key = createPublicKey({ key: Buffer.from(answer.PublicKey), format: 'der', type: 'spki' });
    const jwk = await exportJWK(key);
    return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'ES256', use: 'sig' };
  };
  return {
    jwk() {
      fetched ??= fetchKey().catch((error: unknown) => {
        fetched = undefined;
        throw error;
      });
      return fetched;
    },
  };
}

/** The key set (RFC 7517) of several KMS keys. */
export async function keySet(keys: readonly KmsPublicKey[]): Promise<JSONWebKeySet> {
  return { keys: await Promise.all(keys.map((key) => key.jwk())) };
}

/**
 * Signs with KMS. jose signs with keys that it holds; ours stays in KMS, so the compact form (RFC 7515 §7.1)
 * is put together here, around the signature that KMS makes.
 */
export function kmsSigner(kms: KMSClient, keyId: string): Signer {
  const publicKey = kmsPublicKey(kms, keyId);
  return {
    async sign(typ, claims) {
      const { kid } = await publicKey.jwk();
      const signingInput = `${base64url({ alg: 'ES256', typ, kid })}.${base64url(claims)}`;
      const answer = await available(() =>
        kms.send(
          new SignCommand({
            KeyId: keyId,
            SigningAlgorithm: 'ECDSA_SHA_256',
            MessageType: 'DIGEST',
            Message: createHash('sha256').update(signingInput).digest(),
          }),
        ),
      );
      if (answer.Signature === undefined) throw new DependencyUnavailable('KMS gave no signature');
      return `${signingInput}.${ecdsa.derToJose(Buffer.from(answer.Signature), 'ES256')}`;
    },
  };
}

function base64url(json: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}

async function available<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    throw new DependencyUnavailable('KMS did not confirm the call', { cause });
  }
}
