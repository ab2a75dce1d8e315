import { createHmac } from 'node:crypto';

const encode = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');

/** The claims of a token, unverified. */
export function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

/** RFC 7519 §6: an unsecured JWT. */
export const unsecured = (claims: object, header: object = {}): string =>
  `${encode({ alg: 'none', typ: 'at+jwt', ...header })}.${encode(claims)}.`;

/** Key confusion: signed with the public key, as if it were a shared secret. */
export function signedWithThePublicKey(claims: object, publicKey: string, header: object = {}): string {
  const input = `${encode({ alg: 'HS256', typ: 'at+jwt', ...header })}.${encode(claims)}`;
  return `${input}.${createHmac('sha256', publicKey).update(input).digest('base64url')}`;
}

/** The same token with one claim put in after it was signed. */
export function withClaim(token: string, claims: object): string {
  const [header, , signature] = token.split('.');
  return `${header}.${encode({ ...claimsOf(token), ...claims })}.${signature}`;
}

/** The same token with another character in the middle of its signature. */
export function withAnotherSignature(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  const middle = Math.floor(signature.length / 2);
  const other = signature[middle] === 'A' ? 'B' : 'A';
  return `${header}.${payload}.${signature.slice(0, middle)}${other}${signature.slice(middle + 1)}`;
}

/** The order of the group of P-256 (SEC 2 §2.4.2). */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The same token with the other good signature: where ECDSA takes (r, s), it takes (r, n − s), too. */
export function withTheOtherSignature(token: string): string {
  const [header, payload, signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const other = P256_ORDER - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const both = bytes.subarray(0, 32).toString('hex') + other.toString(16).padStart(64, '0');
  return `${header}.${payload}.${Buffer.from(both, 'hex').toString('base64url')}`;
}
