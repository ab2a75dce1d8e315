import type { Revokers } from '../minting/connector.port.ts';
import {
  beginEnding,
  type EndReason,
  type Grant,
  type GrantIn,
  grantType,
  type PathFailure,
} from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { type Deployment, findTarget } from '../platform/deployment.ts';
import { timestamp } from '../platform/duration.ts';
import { replacement, type Stored } from '../platform/entity.ts';
import { BrokenInvariant, RevocationUnconfirmed } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { caseIds } from '../requests/access-request.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly revokers: Revokers;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

interface RevokeInput {
  readonly requestId: string;
  /** Why, unless the grant says so itself: it was given back. */
  readonly reason: EndReason;
  readonly failure?: PathFailure | undefined;
}

/**
 * Ends a grant's credential and makes sure that it is dead: the right is ended first, then the credential is
 * revoked, then it is tried. Only an answer that it is dead makes the receipt.
 * @throws RevocationUnconfirmed where the target did not confirm; the grant stays `ending`
 */
export function revokeCredential({ deployment, revokers, ledger, clock }: Dependencies) {
  return async (input: RevokeInput): Promise<{ outcome: 'revoked' }> => {
    const stored = await ledger.read(grantType, caseIds.grantOf(input.requestId));
    const ending = stored === undefined ? undefined : await beginToEnd(stored, input);
    // No credential was ever made, or it is known to be dead.
    if (ending === undefined || ending.entity.credential.status === 'revoked') return { outcome: 'revoked' };

    const grant = ending.entity;
    const target = findTarget(deployment, grant.target);
    if (target === undefined)
      throw new BrokenInvariant('A grant is for a target that the deployment does not have');
    const revoker = revokers[target.connector];
    await revoker.revoke(grant, target);
    const probe = await revoker.probe(grant, target, epochSeconds(clock));
    if (probe.answer !== 'dead') {
      throw new RevocationUnconfirmed(`The credential of ${grant.id} is not confirmed dead`);
    }
    const receipt = { probedAtEpochSeconds: epochSeconds(clock), answer: probe.answer, how: probe.how };
    const { handle } = grant.credential;
    await ledger.commit({
      chain: grant.requestId,
      event: caseEvent(
        clock,
        grant.txn,
        'credential.revoked',
        { service: 'revoke-credential' },
        {
          grant: grant.id,
          handle,
          reason: grant.reason,
          receipt: {
            answer: receipt.answer,
            how: receipt.how,
            at: timestamp(receipt.probedAtEpochSeconds * 1000),
            bound_seconds: revoker.boundSeconds(target),
          },
        },
      ),
      changes: [
        replacement(grantType, ending, { ...grant, credential: { status: 'revoked', handle, receipt } }),
      ],
    });
    return { outcome: 'revoked' };
  };

  async function beginToEnd(
    stored: Stored<Grant>,
    { reason, failure }: RevokeInput,
  ): Promise<Stored<GrantIn<'ending'>> | undefined> {
    const grant = stored.entity;
    if (grant.status === 'pending' || grant.status === 'abandoned' || grant.status === 'ended')
      return undefined;
    if (grant.status === 'ending') return { ...stored, entity: grant };
    if (grant.status === 'unresolved') return { ...stored, entity: { ...grant, status: 'ending' } };
    const ending = beginEnding(grant, reason, epochSeconds(clock), failure);
    const toldBy = await ledger.commit({
      chain: grant.requestId,
      event: caseEvent(
        clock,
        grant.txn,
        'grant.ending',
        { service: 'revoke-credential' },
        { grant: grant.id, reason, ...(failure === undefined ? {} : { failure }) },
      ),
      changes: [replacement(grantType, { ...stored, entity: grant }, ending)],
    });
    return { entity: ending, version: stored.version + 1, toldBy };
  }
}
