import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Deployment, TrustedIssuer } from '../platform/deployment.ts';
import { DependencyUnavailable } from '../platform/failures.ts';
import type { ProvenIdentity, TokenVerifier } from './token-verifier.port.ts';

type TrustedToken = TrustedIssuer['tokens'][number];

const MOST_TOKEN_CHARACTERS = 8192;
const CLOCK_TOLERANCE_SECONDS = 5;
/** OpenID Connect ID tokens carry `JWT` or nothing, RFC 9068 access tokens `at+jwt`. */
const ACCEPTED_TYPES: readonly (string | undefined)[] = [undefined, 'JWT', 'at+jwt'];

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
        if (!ACCEPTED_TYPES.includes(protectedHeader.typ)) return undefined;
        return identityOf(found.issuer, payload, nowEpochSeconds);
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
  payload: JWTPayload,
  nowEpochSeconds: number,
): ProvenIdentity | undefined {
  const audiences = [payload.aud ?? []].flat();
  // A token for several audiences says which of them it was meant for less clearly than we need.
  const [audience] = audiences;
  if (audience === undefined || audiences.length !== 1) return undefined;
  const token = issuer.tokens.find((one) => one.audience === audience);
  const claims = AuthenticationClaims.safeParse(payload);
  if (token === undefined || !claims.success) return undefined;
  const principalId = principalOf(token, payload);
  if (principalId === undefined) return undefined;
  const { exp, iat, auth_time: authTime, amr } = claims.data;
  // Clocks differ, but what is over by ours makes no session.
  if (exp <= nowEpochSeconds) return undefined;
  const observedAt = Math.min(nowEpochSeconds, Math.floor(authTime ?? iat));
  return {
    principalId,
    of: token.method === 'oidc' ? 'person' : 'machine',
    evidence: {
      channel: token.channel,
      method: token.method,
      issuer: issuer.issuer,
      amr,
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
