import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { IssuedTokenVerifier } from '../platform/issued-token.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { assuranceOf } from './assurance.ts';
import type { Caller } from './caller.ts';
import { principalsWanted, withOwners } from './directory.ts';
import { ineligibility } from './principal.ts';
import { isLive, presenceOf, provenByActors, sessionType } from './session.ts';

interface Dependencies {
  readonly tokens: IssuedTokenVerifier;
  readonly ledger: Pick<Ledger, 'readAll'>;
  readonly clock: Clock;
}

/** Who calls, or why nobody was found. */
export type Authorization = { readonly caller: Caller } | { readonly refusal: 'no_token' | 'invalid_token' };

/**
 * Finds out who calls, anew at each call: the token is intact, its session has not ended, everyone in it is
 * active. What the session proves is computed now, not read from the token.
 */
export function authorizeCaller({ tokens, ledger, clock }: Dependencies) {
  return async (authorizationHeader: string | undefined): Promise<Authorization> => {
    const now = epochSeconds(clock);
    const token = bearerToken(authorizationHeader);
    if (token === undefined) return { refusal: 'no_token' };
    const claims = await tokens.verify(token, now);
    if (claims?.of !== 'session' || claims.sessionId === undefined) return { refusal: 'invalid_token' };
    const ids = [claims.subject, ...claims.actors];
    const [stored, ...principals] = await ledger.readAll([
      [sessionType, claims.sessionId],
      ...principalsWanted(ids),
    ]);
    const session = stored?.entity;
    if (session === undefined || !isLive(session, now) || session.principal.id !== claims.subject)
      return { refusal: 'invalid_token' };
    const presence = presenceOf(session, claims);
    if (presence === undefined) return { refusal: 'invalid_token' };
    const known = await withOwners(ledger, principals);
    const [principal, ...actors] = ids.flatMap((id) => known.get(id) ?? []);
    if (principal === undefined || ids.some((id) => ineligibility(id, known) !== undefined)) {
      return { refusal: 'invalid_token' };
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
      },
    };
  };
}

/** The token of an `Authorization: Bearer` header (RFC 6750 §2.1); the scheme's case does not matter. */
function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header ?? '')?.[1];
}
