import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto';

// Node signs messages only, never a digest that someone else has computed, so the last step of ECDSA on P-256
// (FIPS 186-5, section 6.4; the curve's numbers are those of SP 800-186, section 3.2.1.3) is done here.

const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const A = -3n;
const G = {
  x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
};

/** A point of the curve; undefined is the point at infinity. */
type Point = { x: bigint; y: bigint } | undefined;

/** Signs a 32-byte digest; the signature is in DER. */
export function signDigest(digest: Buffer, privateKeyPem: string): Buffer {
  const { d } = createPrivateKey(privateKeyPem).export({ format: 'jwk' });
  const secret = toInteger(Buffer.from(d ?? '', 'base64url'));
  const ephemeral = createECDH('prime256v1');
  for (;;) {
    // The ephemeral key pair is the nonce and its point, multiplied by OpenSSL in constant time.
    const r = modulo(toInteger(ephemeral.generateKeys().subarray(1, 33)), N);
    const nonce = toInteger(ephemeral.getPrivateKey());
    const s = modulo(inverse(nonce, N) * (toInteger(digest) + r * secret), N);
    if (r !== 0n && s !== 0n) return toDer(r, s);
  }
}

/** Whether `signature`, in DER, is that of a 32-byte digest. */
export function verifyDigest(digest: Buffer, publicKeyPem: string, signature: Buffer): boolean {
  const integers = fromDer(signature);
  if (integers === undefined) return false;
  const [r, s] = integers;
  if (r < 1n || r >= N || s < 1n || s >= N) return false;
  const { x, y } = createPublicKey(publicKeyPem).export({ format: 'jwk' });
  const publicPoint = {
    x: toInteger(Buffer.from(x ?? '', 'base64url')),
    y: toInteger(Buffer.from(y ?? '', 'base64url')),
  };
  const w = inverse(s, N);
  const sum = add(multiply(G, modulo(toInteger(digest) * w, N)), multiply(publicPoint, modulo(r * w, N)));
  return sum !== undefined && modulo(sum.x, N) === r;
}

function add(a: Point, b: Point): Point {
  if (a === undefined) return b;
  if (b === undefined) return a;
  if (a.x === b.x && modulo(a.y + b.y, P) === 0n) return undefined;
  const slope =
    a.x === b.x ? (3n * a.x * a.x + A) * inverse(2n * a.y, P) : (b.y - a.y) * inverse(b.x - a.x, P);
  const x = modulo(slope * slope - a.x - b.x, P);
  return { x, y: modulo(slope * (a.x - x) - a.y, P) };
}

function multiply(point: Point, factor: bigint): Point {
  let product: Point;
  for (const bit of factor.toString(2)) {
    product = add(product, product);
    if (bit === '1') product = add(product, point);
  }
  return product;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [previous, current] = [modulus, modulo(value, modulus)];
  let [before, coefficient] = [0n, 1n];
  while (current > 1n) {
    const quotient = previous / current;
    [previous, current] = [current, previous - quotient * current];
    [before, coefficient] = [coefficient, before - quotient * coefficient];
  }
  return modulo(coefficient, modulus);
}

function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function toInteger(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

/** SEQUENCE { INTEGER r, INTEGER s } (RFC 3279, section 2.2.3); each is short enough for one byte of length. */
function toDer(r: bigint, s: bigint): Buffer {
  const body = Buffer.concat(
    [r, s].map((integer) => {
      const hex = integer.toString(16);
      const magnitude = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
      const isNegative = ((magnitude[0] ?? 0) & 0x80) !== 0;
      const bytes = isNegative ? Buffer.concat([Buffer.of(0), magnitude]) : magnitude;
      return Buffer.concat([Buffer.of(0x02, bytes.length), bytes]);
    }),
  );
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

function fromDer(signature: Buffer): [r: bigint, s: bigint] | undefined {
  const rLength = signature[3] ?? 0;
  const r = signature.subarray(4, 4 + rLength);
  const s = signature.subarray(6 + rLength);
  return r.length === 0 || s.length === 0 ? undefined : [toInteger(r), toInteger(s)];
}
