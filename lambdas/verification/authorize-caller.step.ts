import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { IssuedTokenVerifier } from '../platform/issued-token.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { assuranceOf } from './assurance.ts';
import type { Caller } from './caller.ts';
import { loadPrincipals } from './directory.ts';
import { ineligibility, ownerOf } from './principal.ts';
import { isLive, sessionType } from './session.ts';

interface Dependencies {
  readonly tokens: IssuedTokenVerifier;
  readonly ledger: Pick<Ledger, 'read' | 'readMany'>;
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
    const [stored, subject] = await Promise.all([
      ledger.read(sessionType, claims.sessionId),
      loadPrincipals(ledger, [claims.subject]),
    ]);
    const session = stored?.entity;
    if (session === undefined || !isLive(session, now) || session.principal.id !== claims.subject) {
      return { refusal: 'invalid_token' };
    }
    const actors = session.actors.map(({ id }) => id);
    const known = actors.length === 0 ? subject : await loadPrincipals(ledger, [claims.subject, ...actors]);
    const parties = [claims.subject, ...actors];
    const principal = known.get(claims.subject);
    if (principal === undefined || parties.some((id) => ineligibility(id, known) !== undefined)) {
      return { refusal: 'invalid_token' };
    }
    const { aal, attested, evidence } = assuranceOf(session.evidence, session.channel, now);
    return {
      caller: {
        principal: {
          kind: principal.kind,
          id: principal.id,
          owner: ownerOf(principal),
          groups: principal.groups,
        },
        actors: session.actors,
        session: session.id,
        txn: session.txn,
        channel: session.channel,
        assurance: { aal, attested, evidence: [...evidence] },
      },
    };
  };
}

/** The token of an `Authorization: Bearer` header (RFC 6750 §2.1); the scheme's case does not matter. */
function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header ?? '')?.[1];
}
