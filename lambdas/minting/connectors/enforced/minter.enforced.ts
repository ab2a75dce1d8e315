import type { TargetOf } from '../../../platform/deployment.ts';
import { BrokenInvariant } from '../../../platform/failures.ts';
import type { CredentialMinter } from '../../connector.port.ts';

/** Nothing can be claimed: whoever enforces asks, and is told of the grant. */
export function enforcedMinter(): CredentialMinter<TargetOf<'enforced'>> {
  return {
    async mint() {
      throw new BrokenInvariant('A credential is to be made where there is none to deliver');
    },
    lifetimeSeconds: (_target, remainingSeconds) => remainingSeconds,
    keeps: false,
    delivers: 'nothing',
  };
}
