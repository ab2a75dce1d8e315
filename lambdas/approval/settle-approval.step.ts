import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { accessRequestType, caseIds, deny } from '../requests/access-request.ts';
import { type Approval, approvalType } from './approval.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/**
 * Ends the wait for an approval as denied. The decision may have been made in the last moment, or its answer to
 * the workflow lost: then the decision stands. A request that was taken back may never have had an approval.
 */
export function settleApproval({ ledger, clock }: Dependencies) {
  return async ({
    requestId,
  }: {
    requestId: string;
  }): Promise<{ outcome: Exclude<Approval['status'], 'pending'> }> => {
    const [request, approval] = await ledger.readAll([
      [accessRequestType, requestId],
      [approvalType, caseIds.approvalOf(requestId)],
    ]);
    if (request?.entity.status === 'cancelled') return { outcome: 'cancelled' };
    if (request === undefined || approval === undefined) {
      throw new BrokenInvariant('A workflow waits for an approval that is not recorded');
    }
    if (approval.entity.status !== 'pending') return { outcome: approval.entity.status };
    if (request.entity.status !== 'awaiting_approval') {
      throw new BrokenInvariant('An approval is pending for a request that does not wait for it');
    }
    await ledger.commit({
      chain: requestId,
      event: caseEvent(
        clock,
        request.entity.txn,
        'approval.timed-out',
        { service: 'settle-approval' },
        {
          approval: approval.entity.id,
        },
      ),
      changes: [
        replacement(approvalType, approval, { ...approval.entity, status: 'expired' }),
        replacement(
          accessRequestType,
          request,
          deny(request.entity, 'approval_timed_out', epochSeconds(clock)),
        ),
      ],
    });
    return { outcome: 'expired' };
  };
}
