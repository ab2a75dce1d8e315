import type { Ledger } from '../../../platform/ledger.port.ts';
import type { Signer } from '../../../platform/signer.port.ts';
import { actClaim } from '../../../verification/act-claim.ts';
import type { Connector } from '../../connector.port.ts';
import { credentialHandle, grantType, hasLiveCredential } from '../../grant.ts';

/** A token that cannot be called back from a target that does not introspect must be short-lived. */
const LONGEST_UNSEEN_SECONDS = 600;

interface Dependencies {
  /** The issuer of the tokens: this deployment. */
  readonly issuer: string;
  readonly ledger: Pick<Ledger, 'read'>;
  /** Only the function that mints has a signer. */
  readonly signer?: Signer;
}

/**
 * RFC 9068 access tokens, signed by KMS, for targets that know this deployment as their issuer. Our own record
 * of the grant is the list of what is revoked: introspection (RFC 7662) answers from it, so a token is dead
 * from the moment its grant ends.
 */
export function oauthJwtConnector({ issuer, ledger, signer }: Dependencies): Connector {
  return {
    kind: 'oauth-jwt',

    async mint(grant, target, { nowEpochSeconds, expiresAtEpochSeconds }) {
      if (signer === undefined) throw new TypeError('This function does not mint');
      const value = await signer.sign('at+jwt', {
        iss: issuer,
        aud: target.audience,
        sub: grant.principal.id,
        client_id: (grant.actors[0] ?? grant.principal).id,
        jti: credentialHandle(grant.id),
        iat: nowEpochSeconds,
        exp: expiresAtEpochSeconds,
        txn: grant.txn,
        grant_id: grant.id,
        scope: grant.permissions.join(' '),
        // RFC 9396: what the scope is for, in a form that names the target.
        authorization_details: [
          {
            type: 'sallyport-grant',
            identifier: target.id,
            actions: grant.permissions,
            grant_id: grant.id,
          },
        ],
        ...actClaim(grant.actors.map(({ id }) => id)),
      });
      return { value, tokenType: 'Bearer' };
    },

    async revoke() {
      // The grant's own end, recorded before this is called, is what introspection answers from.
    },

    async probe(grant) {
      const now = await ledger.read(grantType, grant.id);
      const live = now === undefined || hasLiveCredential(now.entity, Number.NEGATIVE_INFINITY);
      return { answer: live ? 'live' : 'dead', how: 'introspection of the handle' };
    },

    boundSeconds: (target) => (target.introspects ? 0 : LONGEST_UNSEEN_SECONDS),

    lifetimeSeconds: (target, remainingSeconds) =>
      target.introspects ? remainingSeconds : Math.min(remainingSeconds, LONGEST_UNSEEN_SECONDS),
  };
}
