import * as z from 'zod';
import { AuthenticationMethod } from '../../platform/authentication-methods.ts';
import type { IdTokenTrust } from '../../platform/trusted-issuer.ts';
import type { TokenKind } from './token-kind.ts';

const IdTokenClaims = z.object({
  iat: z.number(),
  auth_time: z.number().optional(),
  amr: z.array(z.string()).default([]),
  acr: z.string().optional(),
  azp: z.string().optional(),
});

/** OpenID Connect EAP ACR Values 1.0 §2: phishing-resistant, and so with a hardware-protected key. */
const PHISHING_RESISTANT: ReadonlySet<string> = new Set(['phr', 'phrh']);

/** OpenID Connect Core 1.0 §2. An access token of the same issuer proves no authentication to us. */
export function idToken({ audience, amr: meanings = {}, acr: levels = {} }: IdTokenTrust): TokenKind {
  return {
    of: 'person',
    types: [undefined, 'JWT'],
    isUsedOnce: true,
    read(claims) {
      const read = IdTokenClaims.safeParse(claims);
      if (!read.success) return undefined;
      const { iat, auth_time: authTime, amr, acr, azp } = read.data;
      // §3.1.3.7: the party that the token was issued to is the audience, where it is named.
      if (azp !== undefined && azp !== audience) return undefined;
      // A token that does not say when the person authenticated may have been renewed without them: it is good
      // for the lowest level, whatever methods it names.
      if (authTime === undefined) return { amr: [], provenAtEpochSeconds: iat };
      const methods = [
        ...amr.flatMap((value) => meaningOf(value, meanings) ?? registered(value)),
        ...(acr === undefined ? [] : (meaningOf(acr, levels) ?? [])),
      ];
      return {
        amr: [...new Set(methods)],
        phishingResistant: acr !== undefined && PHISHING_RESISTANT.has(acr),
        provenAtEpochSeconds: authTime,
      };
    },
  };
}

type Meanings = Readonly<Record<string, readonly AuthenticationMethod[]>>;

function meaningOf(value: string, meanings: Meanings): readonly AuthenticationMethod[] | undefined {
  return Object.hasOwn(meanings, value) ? meanings[value] : undefined;
}

/** What RFC 8176 does not know counts for nothing. */
function registered(value: string): readonly AuthenticationMethod[] {
  const { data } = AuthenticationMethod.safeParse(value);
  return data === undefined ? [] : [data];
}
