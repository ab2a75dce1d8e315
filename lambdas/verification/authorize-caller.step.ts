import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { IssuedTokenClaims, IssuedTokenVerifier } from '../platform/issued-token.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { assuranceOf } from './assurance.ts';
import type { Caller } from './caller.ts';
import { principalsWanted, withOwners } from './directory.ts';
import { ineligibility } from './principal.ts';
import { type PossessionDependencies, type ProvenRequest, provePossession } from './prove-possession.step.ts';
import { isLive, presenceOf, provenByActors, sessionType } from './session.ts';

interface Dependencies extends PossessionDependencies {
  readonly tokens: IssuedTokenVerifier;
  readonly ledger: Pick<Ledger, 'readAll'>;
  readonly clock: Clock;
  /** Tells of a principal whose groups are members of each other: nobody's doing but a broken record's. */
  readonly reportCycle?: (principal: string) => void;
}

/** How a request says who sends it. */
export interface Credentials extends Omit<ProvenRequest, 'token'> {
  /** The `Authorization` header. */
  readonly authorization: string | undefined;
}

type Scheme = 'Bearer' | 'DPoP';

/** Who calls, or why nobody was found. */
export type Authorization =
  | { readonly refusal: 'no_token' }
  | (TokenSent &
      (
        | { readonly caller: Caller }
        | { readonly refusal: 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce' }
      ));

interface TokenSent {
  readonly scheme: Scheme;
  /** For the next proof, where a key was to be proven. */
  readonly nextNonce?: string;
}

/**
 * Finds out who calls, anew at each call: the token is intact, its session has not ended, everyone in it is
 * active. What the session proves is computed now, not read from the token. A token that is bound to a key comes in the
 * DPoP scheme with a proof of that key, and no other token does (RFC 9449 §7.1).
 */
export function authorizeCaller({ tokens, ledger, clock, reportCycle, ...possession }: Dependencies) {
  const prove = provePossession(possession);

  return async ({ authorization, ...request }: Credentials): Promise<Authorization> => {
    const now = epochSeconds(clock);
    const shown = shownToken(authorization);
    if (shown === undefined) return { refusal: 'no_token' };
    const { scheme, token } = shown;
    const claims = await tokens.verify(token, now);
    const keyThumbprint = claims?.keyThumbprint;
    if (claims?.of !== 'session' || (keyThumbprint === undefined) !== (scheme === 'Bearer'))
      return { refusal: 'invalid_token', scheme };
    if (keyThumbprint === undefined) return { ...(await find(claims, now)), scheme };
    const proven = await prove({ ...request, token: { value: token, keyThumbprint } }, now);
    const { nextNonce } = proven;
    if ('refusal' in proven) return { refusal: proven.refusal, scheme, nextNonce };
    return { ...(await find(claims, now)), scheme, nextNonce };
  };

  async function find(
    claims: IssuedTokenClaims,
    now: number,
  ): Promise<{ readonly caller: Caller } | { readonly refusal: 'invalid_token' }> {
    const refused = { refusal: 'invalid_token' } as const;
    if (claims.sessionId === undefined) return refused;
    const ids = [claims.subject, ...claims.actors];
    const [stored, ...principals] = await ledger.readAll([
      [sessionType, claims.sessionId],
      ...principalsWanted(ids),
    ]);
    const session = stored?.entity;
    if (session === undefined || !isLive(session, now) || session.principal.id !== claims.subject)
      return refused;
    const presence = presenceOf(session, claims);
    if (presence === undefined) return refused;
    const known = await withOwners(ledger, principals);
    const [principal, ...actors] = ids.flatMap((id) => known.get(id) ?? []);
    const ineligible = ids.find((id) => ineligibility(id, known) !== undefined);
    if (principal === undefined || ineligible !== undefined) {
      if (ineligible !== undefined && ineligibility(ineligible, known) === 'groups_in_a_cycle')
        reportCycle?.(ineligible);
      return refused;
    }
    const assurance = assuranceOf(session, presence, now);
    return {
      caller: {
        principal,
        actors,
        session: session.id,
        txn: session.txn,
        channel: presence.channel,
        assurance: { ...assurance, amr: [...assurance.amr], evidence: [...assurance.evidence] },
        provenByActors: provenByActors(session, presence, now),
        ...(claims.keyThumbprint === undefined ? {} : { keyThumbprint: claims.keyThumbprint }),
      },
    };
  }
}

/**
 * The token of an `Authorization` header (RFC 6750 §2.1, RFC 9449 §7.1); the scheme's case does not matter.
 */
function shownToken(
  header: string | undefined,
): { readonly scheme: Scheme; readonly token: string } | undefined {
  const [, scheme, token] = /^(Bearer|DPoP) +([A-Za-z0-9._~+/-]+=*)$/i.exec(header ?? '') ?? [];
  if (scheme === undefined || token === undefined) return undefined;
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', token };
}
