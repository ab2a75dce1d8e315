import * as z from 'zod';
import type { GenericTrust } from '../../platform/trusted-issuer.ts';
import { PostureClaim, type TokenKind } from './token-kind.ts';

/** A machine shows what its issuer gives it: a JWT, or an RFC 9068 access token. */
export function genericToken({ singleUse, posture: names }: GenericTrust): TokenKind {
  const GenericClaims = z.object({ iat: z.number() });
  const Posture = z.object(Object.fromEntries(names.map((name) => [name, PostureClaim.optional()])));
  return {
    of: 'machine',
    types: [undefined, 'JWT', 'at+jwt'],
    isUsedOnce: singleUse,
    read(claims) {
      const read = GenericClaims.safeParse(claims);
      const posture = Posture.safeParse(claims);
      if (!read.success || !posture.success) return undefined;
      return {
        amr: [],
        provenAtEpochSeconds: read.data.iat,
        posture: posture.data as Record<string, string>,
      };
    },
  };
}
