import type { TargetOf } from '../../../platform/deployment.ts';
import { conflict } from '../../../platform/problem.ts';
import type { CredentialMinter } from '../../connector.port.ts';

/** Nothing can be claimed: whoever enforces asks, and is told of the grant. */
export function enforcedMinter(): CredentialMinter<TargetOf<'enforced'>> {
  return {
    async mint() {
      throw conflict(
        'nothing-to-claim',
        'There is no credential for this grant: use the resource. Its enforcement point asks Sallyport.',
      );
    },
    lifetimeSeconds: (_target, remainingSeconds) => remainingSeconds,
    keeps: false,
    delivers: 'token',
  };
}
