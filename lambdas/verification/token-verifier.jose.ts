import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod';
import type { Deployment } from '../platform/deployment.ts';
import { DependencyUnavailable } from '../platform/failures.ts';
import type { TrustedIssuer, TrustedToken } from '../platform/trusted-issuer.ts';
import { assuranceRules } from './assurance-rules.ts';
import { onlyPrincipal } from './only-principal.ts';
import type { ProvenIdentity, TokenVerifier } from './token-verifier.port.ts';
import { genericToken } from './tokens/generic-token.ts';
import { gitHubActionsToken } from './tokens/github-actions-token.ts';
import { idToken } from './tokens/id-token.ts';
import { jwtSvid } from './tokens/jwt-svid.ts';
import { kubernetesToken } from './tokens/kubernetes-token.ts';
import type { TokenKind } from './tokens/token-kind.ts';

const MOST_TOKEN_CHARACTERS = 8192;
const CLOCK_TOLERANCE_SECONDS = 5;
/** A person's authentication outlives its ID token, for as long as it is good for any level. */
const PERSON_EVIDENCE_SECONDS = assuranceRules.levels[1].lifetime;

/** What every kind of token says in the same claims. */
const CommonClaims = z.object({
  sub: z.string().min(1),
  exp: z.number(),
  jti: z.string().min(1).max(256).optional(),
});

/**
 * Verifies with jose: the algorithm from the issuer's allow-list, the keys only from its configured JWKS (what
 * the token's header says of keys is never followed), issuer, audience and times (ASVS 5 V9). What else a token
 * must say is a matter of its kind.
 */
export function joseTokenVerifier({ trustedIssuers }: Pick<Deployment, 'trustedIssuers'>): TokenVerifier {
  const trusted = new Map(
    trustedIssuers.map((issuer) => [
      issuer.issuer,
      {
        issuer,
        kinds: new Map(issuer.tokens.map((trust) => [trust.audience, { trust, kind: kindOf(trust) }])),
        keys: createRemoteJWKSet(new URL(issuer.jwksUri), { timeoutDuration: 3000 }),
      },
    ]),
  );

  return {
    async verify(token, nowEpochSeconds) {
      if (token.length > MOST_TOKEN_CHARACTERS) return undefined;
      const found = trusted.get(claimedIssuer(token) ?? '');
      if (found === undefined) return undefined;
      const { issuer, keys, kinds } = found;
      try {
        const { payload, protectedHeader } = await jwtVerify(token, keys, {
          issuer: issuer.issuer,
          audience: [...kinds.keys()],
          algorithms: issuer.algorithms,
          requiredClaims: ['exp', 'sub'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: new Date(nowEpochSeconds * 1000),
        });
        // A token for several audiences says which of them it was meant for less clearly than we need.
        const audiences = [payload.aud].flat();
        const known = audiences.length === 1 ? kinds.get(audiences[0] ?? '') : undefined;
        if (known === undefined || !known.kind.types.includes(protectedHeader.typ)) return undefined;
        return identityOf(token, payload, { issuer, ...known, nowEpochSeconds });
      } catch (error) {
        if (isAboutTheToken(error)) return undefined;
        throw new DependencyUnavailable('The keys of an issuer could not be had', { cause: error });
      }
    },
  };
}

function kindOf(trust: TrustedToken): TokenKind {
  if (trust.method === 'oidc') return idToken(trust);
  switch (trust.profile) {
    case 'github-actions':
      return gitHubActionsToken;
    case 'kubernetes':
      return kubernetesToken(trust);
    case 'jwt-svid':
      return jwtSvid(trust);
    default:
      return genericToken(trust);
  }
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

interface Known {
  readonly issuer: TrustedIssuer;
  readonly trust: TrustedToken;
  readonly kind: TokenKind;
  readonly nowEpochSeconds: number;
}

function identityOf(
  token: string,
  payload: JWTPayload,
  { issuer, trust, kind, nowEpochSeconds: now }: Known,
): ProvenIdentity | undefined {
  const common = CommonClaims.safeParse(payload);
  const said = kind.read(payload);
  const principalId = principalOf(trust, payload);
  if (!common.success || said === undefined || principalId === undefined) return undefined;
  const { exp, jti } = common.data;
  // Clocks differ, but what is over by ours makes no session.
  if (exp <= now) return undefined;
  const provenAt = Math.floor(said.provenAtEpochSeconds ?? now);
  if (provenAt > now + CLOCK_TOLERANCE_SECONDS) return undefined;
  const observedAt = Math.min(now, provenAt);
  return {
    principalId,
    of: kind.of,
    evidence: {
      channel: trust.channel,
      method: trust.method,
      issuer: issuer.issuer,
      ...(jti === undefined ? {} : { tokenId: jti }),
      amr: [...said.amr],
      phishingResistant: said.phishingResistant ?? false,
      ...(said.posture === undefined ? {} : { posture: { ...said.posture } }),
      observedAtEpochSeconds: observedAt,
      expiresAtEpochSeconds: kind.of === 'person' ? observedAt + PERSON_EVIDENCE_SECONDS : Math.floor(exp),
    },
    ...(kind.isUsedOnce
      ? {
          usedOnce: {
            value: `${issuer.issuer}\0${jti ?? signedPartOf(token)}`,
            untilEpochSeconds: Math.ceil(exp),
          },
        }
      : {}),
  };
}

/** Without the signature: whoever has one valid ECDSA signature can make another. */
function signedPartOf(token: string): string {
  return token.slice(0, token.lastIndexOf('.'));
}

function principalOf(trust: TrustedToken, payload: JWTPayload): string | undefined {
  if ('principalClaim' in trust && trust.principalClaim !== undefined) {
    const id = payload[trust.principalClaim];
    return typeof id === 'string' && id !== '' ? id : undefined;
  }
  return onlyPrincipal(trust.principals ?? [], ({ claims }) =>
    Object.entries(claims).every(
      ([claim, value]) => Object.hasOwn(payload, claim) && payload[claim] === value,
    ),
  );
}
