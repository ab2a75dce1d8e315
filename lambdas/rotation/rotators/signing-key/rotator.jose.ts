import {
  CompactSign,
  calculateJwkThumbprint,
  compactVerify,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import * as z from 'zod';
import type { ConnectionOf } from '../../connection.ts';
import type { Rotator } from '../../rotator.port.ts';

const ALGORITHM = 'ES256';

/** What is signed to find out whether a key can be verified by. */
const TRIAL = new TextEncoder().encode('sallyport');

const PrivateKey = z.looseObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
});

/** Makes key pairs for ES256. No system has to be told: who verifies reads the public halves from Sallyport. */
export function signingKeyRotator(): Rotator<ConnectionOf<'signing-key'>> {
  return {
    async make() {
      const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
      const jwk = await exportJWK(privateKey);
      const kid = await calculateJwkThumbprint(jwk);
      return { kid, private_jwk: JSON.stringify({ ...jwk, kid, alg: ALGORITHM, use: 'sig' }) };
    },

    async set() {
      // Its public half is published by the step.
    },

    async test(_connection, value, published) {
      const how = `verifying a signature of key ${value['kid']} by the published keys`;
      const key = published.find(({ kid }) => kid === value['kid']);
      if (key === undefined) return { answer: 'refused', how: `${how}: it is not among them` };
      try {
        const jwk = privateJwkIn(value);
        const signature = await new CompactSign(TRIAL)
          .setProtectedHeader({ alg: ALGORITHM })
          .sign(await importJWK(jwk, ALGORITHM));
        await compactVerify(signature, await importJWK({ ...key } as JWK, ALGORITHM));
        return { answer: 'works', how: `${how}: verified` };
      } catch {
        return { answer: 'useless', how: `${how}: not verified` };
      }
    },

    async withdraw() {
      // Its public half is taken back by the step.
    },

    async end() {
      // Its public half is taken back by the step.
    },

    publicKey(value) {
      const { kty, crv, x, y } = PrivateKey.parse(privateJwkIn(value));
      return { kty, crv, x, y, kid: value['kid'] ?? '', alg: ALGORITHM, use: 'sig' };
    },
  };
}

function privateJwkIn(value: Readonly<Record<string, string>>): JWK {
  return JSON.parse(value['private_jwk'] ?? '{}') as JWK;
}
