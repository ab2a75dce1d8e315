import { createPublicKey, verify } from 'node:crypto';
import type { DevicePublicKey } from './authenticator.ts';

/** Whether this is the key's ES256 signature (RFC 7518 §3.4: the two integers side by side) of the text. */
export function isSignedBy(key: DevicePublicKey, text: string, signatureBase64url: string): boolean {
  try {
    return verify(
      'sha256',
      Buffer.from(text),
      { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
      Buffer.from(signatureBase64url, 'base64url'),
    );
  } catch {
    // A point that is not on the curve makes no key.
    return false;
  }
}
