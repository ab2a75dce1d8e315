import type { Ids } from '../platform/ids.port.ts';
import type { Signer } from '../platform/signer.port.ts';
import { actClaim } from './act-claim.ts';
import { acrOf, assuranceOf } from './assurance.ts';
import { assuranceRules } from './assurance-rules.ts';
import { originClaims } from './origin-claims.ts';
import type { Presence, Session } from './session.ts';

interface Dependencies {
  readonly signer: Signer;
  readonly ids: Ids;
  readonly issuer: string;
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly tokenType: 'Bearer' | 'DPoP';
  readonly expiresInSeconds: number;
}

export type IssueSessionToken = (
  session: Session,
  presence: Presence,
  nowEpochSeconds: number,
) => Promise<IssuedToken>;

/** Issues access tokens (RFC 9068) of a session for one of its channels, with what it proves there now. */
export function sessionTokens({ signer, ids, issuer }: Dependencies): IssueSessionToken {
  return async (session, presence, now) => {
    const assurance = assuranceOf(session, presence, now);
    // Short-lived: who is idle for longer has none, and proves who they are anew.
    const expiresAt = Math.min(now + assuranceRules.accessToken.lifetime, session.expiresAtEpochSeconds);
    const acr = acrOf(assurance.aal);
    const accessToken = await signer.sign('at+jwt', {
      iss: issuer,
      aud: issuer,
      sub: session.principal.id,
      client_id: (presence.actors[0] ?? session.principal).id,
      iat: now,
      exp: expiresAt,
      jti: ids.next(),
      sid: session.id,
      txn: session.txn,
      channel: presence.channel,
      ...(assurance.amr.length === 0 ? {} : { amr: assurance.amr }),
      ...(acr === undefined ? {} : { acr }),
      ...(assurance.authTimeEpochSeconds === undefined || acr === undefined
        ? {}
        : { auth_time: assurance.authTimeEpochSeconds }),
      ...originClaims(session.id, assurance),
      ...actClaim(presence.actors.map(({ id }) => id)),
      ...(presence.keyThumbprint === undefined ? {} : { cnf: { jkt: presence.keyThumbprint } }),
    });
    return {
      accessToken,
      tokenType: presence.keyThumbprint === undefined ? 'Bearer' : 'DPoP',
      expiresInSeconds: expiresAt - now,
    };
  };
}
