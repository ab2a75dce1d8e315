import { approvalType } from '../approval/approval.ts';
import { grantType, type PathFailure } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { accessRequestType, caseIds, isSettled } from './access-request.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

interface FailureInput {
  readonly requestId: string;
  readonly failure: PathFailure;
}

/**
 * Records that a request failed before its grant became active: no credential exists. A grant that waited to
 * become active is abandoned and an approval that waited is closed in the same transaction, so that nothing
 * can bring the request back to life.
 */
export function recordFailure({ ledger, clock }: Dependencies) {
  return async ({ requestId, failure }: FailureInput): Promise<{ outcome: 'failed' }> => {
    const [request, approval, grant] = await ledger.readAll([
      [accessRequestType, requestId],
      [approvalType, caseIds.approvalOf(requestId)],
      [grantType, caseIds.grantOf(requestId)],
    ]);
    if (request === undefined)
      throw new BrokenInvariant('A workflow runs for a request that is not recorded');
    if (isSettled(request.entity)) return { outcome: 'failed' };
    const now = epochSeconds(clock);
    const changes = [
      replacement(accessRequestType, request, {
        ...request.entity,
        status: 'failed',
        failure,
        endedAtEpochSeconds: now,
      }),
    ];
    if (approval?.entity.status === 'pending') {
      changes.push(replacement(approvalType, approval, { ...approval.entity, status: 'expired' }));
    }
    if (grant?.entity.status === 'pending') {
      changes.push(
        replacement(grantType, grant, { ...grant.entity, status: 'abandoned', endedAtEpochSeconds: now }),
      );
    }
    await ledger.commit({
      chain: requestId,
      event: caseEvent(clock, request.entity.txn, 'request.failed', { service: 'record-failure' }, failure),
      changes,
    });
    return { outcome: 'failed' };
  };
}
