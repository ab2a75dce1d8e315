import type { TargetOf } from '../../../platform/deployment.ts';
import type { Signer } from '../../../platform/signer.port.ts';
import { actClaim } from '../../../verification/act-claim.ts';
import type { CredentialMinter } from '../../connector.port.ts';
import { authorizationDetails, credentialHandle } from '../../grant.ts';
import { lifetimeSeconds } from './lifetime.ts';

/** Makes RFC 9068 access tokens for targets that know this deployment as their issuer. */
export function oauthJwtMinter(issuer: string, signer: Signer): CredentialMinter<TargetOf<'oauth-jwt'>> {
  return {
    async mint(grant, target, { nowEpochSeconds, expiresAtEpochSeconds, keyThumbprint, claimedFrom }) {
      const accessToken = await signer.sign('at+jwt', {
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
        authorization_details: [authorizationDetails(grant)],
        ...claimedFrom,
        ...actClaim(grant.actors.map(({ id }) => id)),
        // RFC 9449 §6.1: its target asks for a proof of this key with each call.
        ...(keyThumbprint === undefined ? {} : { cnf: { jkt: keyThumbprint } }),
      });
      return {
        material: { access_token: accessToken },
        recognisedBy: [accessToken],
        tokenType: keyThumbprint === undefined ? 'Bearer' : 'DPoP',
      };
    },
    lifetimeSeconds,
    keeps: false,
    delivers: 'token',
  };
}
