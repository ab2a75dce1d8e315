import * as z from 'zod';
import type { JwtSvidTrust } from '../../platform/trusted-issuer.ts';
import { PostureClaim, type TokenKind } from './token-kind.ts';

/** JWT-SVID §3 requires `sub`, `aud` and `exp`; that it names its issuer, by which we find the keys, is SPIRE's. */
const JwtSvidClaims = z.object({ sub: PostureClaim, iat: z.number().optional() });

/** SPIFFE ID §2.2: segments of letters, digits, dots, dashes and underscores, none of them `.` or `..`. */
const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]+)((?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+)$/;

/** https://github.com/spiffe/spiffe/blob/main/standards/JWT-SVID.md */
export function jwtSvid({ trustDomain, singleUse }: JwtSvidTrust): TokenKind {
  return {
    of: 'machine',
    types: [undefined, 'JWT', 'JOSE'],
    isUsedOnce: singleUse,
    read(claims) {
      const read = JwtSvidClaims.safeParse(claims);
      const [, domain, path] = SPIFFE_ID.exec(read.data?.sub ?? '') ?? [];
      if (!read.success || domain !== trustDomain || path === undefined) return undefined;
      return {
        amr: [],
        provenAtEpochSeconds: read.data.iat,
        posture: { trust_domain: trustDomain, spiffe_path: path },
      };
    },
  };
}
