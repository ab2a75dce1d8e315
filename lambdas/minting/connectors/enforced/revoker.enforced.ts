import type { TargetOf } from '../../../platform/deployment.ts';
import type { CredentialRevoker } from '../../connector.port.ts';

/** The end of the grant is the end of the right: from then on its enforcement points are told no. */
export function enforcedRevoker(): CredentialRevoker<TargetOf<'enforced'>> {
  return {
    async revoke() {
      // No credential was made.
    },
    async probe() {
      return { answer: 'dead', how: 'no credential was made: enforcement points ask' };
    },
    boundSeconds: () => 0,
    keeps: false,
  };
}
