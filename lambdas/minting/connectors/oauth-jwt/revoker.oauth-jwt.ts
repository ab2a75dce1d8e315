import type { Ledger } from '../../../platform/ledger.port.ts';
import type { CredentialRevoker } from '../../connector.port.ts';
import { grantType, hasLiveCredential } from '../../grant.ts';
import { boundSeconds } from './lifetime.ts';

/**
 * Our own record of the grant is the list of what is revoked: introspection (RFC 7662) answers from it, so a
 * token is dead from the moment its grant ends, and what the record says now is what its target is told.
 */
export function oauthJwtRevoker(ledger: Pick<Ledger, 'read'>): CredentialRevoker {
  return {
    async revoke() {
      // The end of the grant was recorded before this was called.
    },

    async probe(grant) {
      const how = 'introspection of the handle';
      const recorded = await ledger.read(grantType, grant.id);
      if (recorded === undefined) return { answer: 'unknown', how };
      // That its time is over is not what is asked: the grant itself must have ended.
      const live = hasLiveCredential(recorded.entity, grant.createdAtEpochSeconds);
      return { answer: live ? 'live' : 'dead', how };
    },

    boundSeconds,
  };
}
