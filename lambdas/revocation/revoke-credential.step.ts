import { type EndReason, grantType, type PathFailure } from '../minting/grant.ts';
import { caseIds } from '../requests/access-request.ts';
import { type EndingDependencies, grantEnding } from './end-grant.step.ts';

interface RevokeInput {
  readonly requestId: string;
  /** Why, unless the grant says so itself: it was given back. */
  readonly reason: EndReason;
  readonly failure?: PathFailure | undefined;
}

/**
 * Ends a grant whose time has come, with its descendants, and makes sure that their credentials are dead.
 * @throws RevocationUnconfirmed where a target did not confirm; the grant stays `ending`
 */
export function revokeCredential(dependencies: EndingDependencies) {
  const { end } = grantEnding(dependencies);

  return async ({ requestId, reason, failure }: RevokeInput): Promise<{ outcome: 'revoked' }> => {
    const stored = await dependencies.ledger.read(grantType, caseIds.grantOf(requestId));
    if (stored !== undefined) await end(stored, { reason, failure, by: { service: 'revoke-credential' } });
    return { outcome: 'revoked' };
  };
}
