import type { Assurance } from './assurance.ts';

/** What a machine's token tells those whom it calls of the trust that it rests on. */
export interface OriginClaims {
  /** The trust event: evidence in a session, whose audit chain tells of it, and the issuer's token that it was. */
  readonly origin?: {
    readonly session: string;
    readonly evidence: string;
    readonly iss: string;
    readonly jti?: string;
  };
  /** Where and how the machine runs: a repository, a branch and an environment; a namespace and an account. */
  readonly posture?: Readonly<Record<string, string>>;
}

/** Nothing for people, who are told of by `acr`, `amr` and `auth_time`. */
export function originClaims(
  session: string,
  { origin, posture }: Pick<Assurance, 'origin' | 'posture'>,
): OriginClaims {
  if (origin === undefined) return {};
  const { evidence, issuer, tokenId } = origin;
  return {
    origin: { session, evidence, iss: issuer, ...(tokenId === undefined ? {} : { jti: tokenId }) },
    ...(Object.keys(posture).length === 0 ? {} : { posture }),
  };
}
