import type { IncomingMessage } from 'node:http';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod';
import { authenticationRequired, HttpProblem, insufficientScope, invalidToken } from './http-problem.ts';
import { createProofVerifier } from './proof-of-possession.ts';

/** Who acts on whose behalf: nested, the latest actor outermost (RFC 8693 §4.1). */
export interface Actor {
  readonly sub: string;
  readonly act?: Actor | undefined;
}

const Actor: z.ZodType<Actor> = z.lazy(() => z.object({ sub: z.string(), act: Actor.optional() }));

/** What this resource server reads of an access token, once it is verified. */
const Claims = z.object({
  sub: z.string(),
  scope: z.string().default(''),
  act: Actor.optional(),
  cnf: z.object({ jkt: z.string() }).optional(),
  authorization_details: z
    .array(
      z.looseObject({
        type: z.string(),
        identifier: z.string().optional(),
        actions: z.array(z.string()).default([]),
      }),
    )
    .default([]),
});

export type AccessTokenClaims = z.infer<typeof Claims>;

export interface VerifiedToken {
  readonly accessToken: string;
  readonly claims: AccessTokenClaims;
}

export interface AccessTokenRules {
  /** Whose tokens count: Sallyport's base URL. */
  readonly issuer: string;
  /** What a token must have been issued for. */
  readonly audience: string;
  /** This resource server's own URL, which proofs of possession name. */
  readonly ownUrl: string;
}

/**
 * Verifies the access token of a request as RFC 9068 §4 tells a resource server to: type, algorithm from an
 * allow-list, signature by a key of the issuer's own set, issuer, audience, expiry; and, if it is bound to a
 * key, the proof of that key.
 */
export function createAccessTokenVerifier({ issuer, audience, ownUrl }: AccessTokenRules) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  const verifyProof = createProofVerifier();

  return async (request: IncomingMessage): Promise<VerifiedToken> => {
    const { scheme, accessToken } = presentedToken(request);
    const rules = { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'] };
    const requiredClaims = ['exp', 'sub', 'client_id', 'iat', 'jti'];
    const { payload } = await jwtVerify(accessToken, keys, { ...rules, requiredClaims }).catch((cause) => {
      throw isUnreachable(cause)
        ? new HttpProblem(503, 'The keys of the token issuer cannot be read now', { cause })
        : invalidToken(scheme, 'The access token is not valid here', { cause });
    });
    const claims = readClaims(payload, scheme);

    const keyThumbprint = claims.cnf?.jkt;
    if ((keyThumbprint !== undefined) !== (scheme === 'DPoP')) {
      throw invalidToken(scheme, 'The access token needs the scheme of its kind');
    }
    if (keyThumbprint !== undefined) {
      const url = new URL(request.url ?? '/', ownUrl);
      await verifyProof(String(request.headers['dpop'] ?? ''), {
        method: request.method ?? '',
        url: `${url.origin}${url.pathname}`,
        accessToken,
        keyThumbprint,
      }).catch((cause) => {
        throw invalidToken(scheme, 'The proof of possession is not valid', {
          error: 'invalid_dpop_proof',
          cause,
        });
      });
    }
    return { accessToken, claims };
  };
}

/**
 * Holds a token to one permission on one target: by its scope, and by the grant that it carries in its
 * authorization details (RFC 9396 §9.1), which says where the scope applies.
 */
export function requirePermission(claims: AccessTokenClaims, target: string, permission: string): void {
  if (!claims.scope.split(' ').includes(permission)) {
    throw insufficientScope(permission, 'The access token has no scope for this');
  }
  const isGranted = claims.authorization_details.some(
    ({ type, identifier, actions }) =>
      type === 'sallyport-grant' && identifier === target && actions.includes(permission),
  );
  if (!isGranted) throw insufficientScope(permission, 'The access token was granted for another project');
}

function presentedToken({ headers }: IncomingMessage): { scheme: 'Bearer' | 'DPoP'; accessToken: string } {
  const [, scheme, accessToken] = /^(Bearer|DPoP) ([\w.~+/=-]+)$/i.exec(headers.authorization ?? '') ?? [];
  if (scheme === undefined || accessToken === undefined) throw authenticationRequired();
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', accessToken };
}

function readClaims(payload: JWTPayload, scheme: 'Bearer' | 'DPoP'): AccessTokenClaims {
  const read = Claims.safeParse(payload);
  if (read.success) return read.data;
  throw invalidToken(scheme, 'The access token is not valid here', { cause: read.error });
}

/** jose marks what it finds wrong with a token by a code of its own; a key set it cannot get has none. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return true;
  return error instanceof errors.JWKSTimeout || error.code === errors.JOSEError.code;
}
