import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Deployment, TrustedIssuer } from '../platform/deployment.ts';
import { DependencyUnavailable } from '../platform/failures.ts';
import type { ProvenIdentity, TokenVerifier } from './token-verifier.port.ts';

type TrustedToken = TrustedIssuer['tokens'][number];

const MOST_TOKEN_CHARACTERS = 8192;
const CLOCK_TOLERANCE_SECONDS = 5;
/**
 * OpenID Connect ID tokens carry `JWT` or nothing; a person's access token proves no authentication to us. A
 * machine shows what its issuer gives it, an RFC 9068 access token or a JWT.
 */
const acceptedTypes: Readonly<Record<TrustedToken['method'], readonly (string | undefined)[]>> = {
  oidc: [undefined, 'JWT'],
  'workload-token': [undefined, 'JWT', 'at+jwt'],
};

const AuthenticationClaims = z.object({
  exp: z.number(),
  iat: z.number(),
  auth_time: z.number().optional(),
  amr: z.array(z.string()).default([]),
});

/**
 * Verifies with jose: the algorithm from the issuer's allow-list, the keys only from its configured JWKS (what
 * the token's header says of keys is never followed), issuer, audience and times (ASVS 5 V9).
 */
export function joseTokenVerifier({ trustedIssuers }: Deployment): TokenVerifier {
  const trusted = new Map(
    trustedIssuers.map((issuer) => [
      issuer.issuer,
      { issuer, keys: createRemoteJWKSet(new URL(issuer.jwksUri), { timeoutDuration: 3000 }) },
    ]),
  );

  return {
    async verify(token, nowEpochSeconds) {
      if (token.length > MOST_TOKEN_CHARACTERS) return undefined;
      const found = trusted.get(claimedIssuer(token) ?? '');
      if (found === undefined) return undefined;
      try {
        const { payload, protectedHeader } = await jwtVerify(token, found.keys, {
          issuer: found.issuer.issuer,
          audience: found.issuer.tokens.map(({ audience }) => audience),
          algorithms: found.issuer.algorithms,
          requiredClaims: ['exp', 'iat', 'sub'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(nowEpochSeconds * 1000),
        });
        return identityOf(found.issuer, protectedHeader.typ, payload, nowEpochSeconds);
      } catch (error) {
        if (isAboutTheToken(error)) return undefined;
        throw new DependencyUnavailable('The keys of an issuer could not be had', { cause: error });
      }
    },
  };
}

/** The issuer that an unverified token claims, only to find the keys to verify it with. */
function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** jose's errors are about the token, but for those of fetching keys. */
function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== 'ERR_JOSE_GENERIC'
  );
}

function identityOf(
  issuer: TrustedIssuer,
  typ: string | undefined,
  payload: JWTPayload,
  nowEpochSeconds: number,
): ProvenIdentity | undefined {
  const audiences = [payload.aud ?? []].flat();
  // A token for several audiences says which of them it was meant for less clearly than we need.
  const [audience] = audiences;
  if (audience === undefined || audiences.length !== 1) return undefined;
  const token = issuer.tokens.find((one) => one.audience === audience);
  const claims = AuthenticationClaims.safeParse(payload);
  if (token === undefined || !claims.success || !acceptedTypes[token.method].includes(typ)) return undefined;
  // OpenID Connect Core §3.1.3.7: the party that the token was issued to is the audience, where it is named.
  if (payload['azp'] !== undefined && payload['azp'] !== audience) return undefined;
  const principalId = principalOf(token, payload);
  if (principalId === undefined) return undefined;
  const { exp, iat, auth_time: authTime, amr } = claims.data;
  // Clocks differ, but what is over by ours makes no session.
  if (exp <= nowEpochSeconds) return undefined;
  const provenAt = Math.floor(authTime ?? iat);
  if (provenAt > nowEpochSeconds + CLOCK_TOLERANCE_SECONDS) return undefined;
  const observedAt = Math.min(nowEpochSeconds, provenAt);
  return {
    principalId,
    of: token.method === 'oidc' ? 'person' : 'machine',
    evidence: {
      channel: token.channel,
      method: token.method,
      issuer: issuer.issuer,
      // A token that does not say when the person authenticated may have been renewed without them: it is good
      // for the lowest level, whatever methods it names.
      amr: authTime === undefined ? [] : amr,
      phishingResistant: false,
      observedAtEpochSeconds: observedAt,
      expiresAtEpochSeconds: token.method === 'oidc' ? observedAt + PERSON_EVIDENCE_SECONDS : Math.floor(exp),
    },
  };
}

/** A person's authentication outlives its ID token; the levels' own limits are shorter (`assurance.ts`). */
const PERSON_EVIDENCE_SECONDS = 30 * 24 * 3600;

function principalOf(token: TrustedToken, payload: JWTPayload): string | undefined {
  if (token.principalClaim !== undefined) {
    const id = payload[token.principalClaim];
    return typeof id === 'string' && id !== '' ? id : undefined;
  }
  const matching = (token.principals ?? []).filter(({ claims }) =>
    Object.entries(claims).every(([claim, value]) => payload[claim] === value),
  );
  const [only] = new Set(matching.map(({ principal }) => principal));
  return new Set(matching.map(({ principal }) => principal)).size === 1 ? only : undefined;
}
