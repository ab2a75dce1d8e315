import type { TargetOf } from '../../../platform/deployment.ts';
import type { Ledger } from '../../../platform/ledger.port.ts';
import type { CredentialRevoker } from '../../connector.port.ts';
import { grantType, hasLiveCredential } from '../../grant.ts';
import { boundSeconds } from './lifetime.ts';

/**
 * Our own record of the grant is the list of what is revoked: introspection (RFC 7662) answers from it, so a
 * token is dead from the moment its grant ends, and what the record says now is what its target is told.
 */
export function oauthJwtRevoker(ledger: Pick<Ledger, 'read'>): CredentialRevoker<TargetOf<'oauth-jwt'>> {
  return {
    async revoke() {
      // The end of the grant was recorded before this was called.
    },

    async probe(grant, target, _kept, nowEpochSeconds) {
      const how = 'introspection of the handle';
      const recorded = await ledger.read(grantType, grant.id);
      if (recorded === undefined) return { answer: 'unknown', how };
      // That its time is over is not what is asked: the grant itself must have ended.
      const live = hasLiveCredential(recorded.entity, grant.createdAtEpochSeconds);
      if (live) return { answer: 'live', how };
      // A target that only verifies signatures is not told: there the token ends when its time is over.
      const { credential } = 'credential' in recorded.entity ? recorded.entity : {};
      const works = credential?.status === 'live' && nowEpochSeconds < credential.expiresAtEpochSeconds;
      if (works && !target.introspects) return { answer: 'unknown', how: 'its time is not over' };
      return { answer: 'dead', how: target.introspects ? how : 'its time is over' };
    },

    boundSeconds,
    keeps: false,
  };
}
