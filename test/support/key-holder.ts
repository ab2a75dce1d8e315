import { createHash, randomUUID } from 'node:crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { jwtProofNonces } from '../../lambdas/platform/proof-nonce.jose.ts';
import type { ProofNonces } from '../../lambdas/platform/proof-nonce.port.ts';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

/** Who holds a key and signs with it whatever a test wants to be signed. */
export interface KeyHolder extends KeyPair {
  readonly jwk: JWK;
  readonly thumbprint: string;
  /** A header or claim of `undefined` is left out. */
  sign(
    claims: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
}

export async function keyHolder(alg = 'ES256'): Promise<KeyHolder> {
  const pair = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(pair.publicKey);
  return {
    ...pair,
    jwk,
    thumbprint: await calculateJwkThumbprint(jwk),
    sign: (claims, header = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk, ...header })
        .sign(pair.privateKey, { crit: { x: true } }),
  };
}

/** The claims of a proof for a request (RFC 9449 §4.2). */
export function proofClaims(of: {
  readonly method: string;
  readonly url: string;
  readonly nowEpochSeconds: number;
  readonly accessToken: string;
  readonly nonce: string;
}): Record<string, unknown> {
  return {
    jti: randomUUID(),
    htm: of.method,
    htu: of.url,
    iat: of.nowEpochSeconds,
    ath: accessTokenHash(of.accessToken),
    nonce: of.nonce,
  };
}

export const accessTokenHash = (token: string) => createHash('sha256').update(token).digest('base64url');

/** The nonces of a deployment whose managed secret is this; of one that cannot be had, without. */
export function noncesUnder(secret?: string): ProofNonces {
  const client = new SecretsManagerClient({ region: 'us-east-1' });
  client.send = (async (command: unknown) => {
    if (secret === undefined || !(command instanceof GetSecretValueCommand)) throw new Error('no answer');
    return { SecretString: secret };
  }) as unknown as typeof client.send;
  return jwtProofNonces(client, 'a-secret');
}
