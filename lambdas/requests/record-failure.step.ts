import { type Grant, type GrantIn, grantType } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Change, Ledger } from '../platform/ledger.port.ts';
import { type AccessRequest, accessRequestType, caseIds, isSettled } from './access-request.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/**
 * Records that a request failed before its grant became active: no credential exists. A grant that waited to
 * become active is abandoned in the same transaction, so that nothing can activate it later.
 */
export function recordFailure({ ledger, clock }: Dependencies) {
  return async ({
    requestId,
    failure,
  }: {
    requestId: string;
    failure: { state: string; error: string };
  }): Promise<{ outcome: 'failed' }> => {
    const [request, grant] = await Promise.all([
      ledger.read(accessRequestType, requestId),
      ledger.read(grantType, caseIds.grantOf(requestId)),
    ]);
    if (request === undefined)
      throw new BrokenInvariant('A workflow runs for a request that is not recorded');
    if (isSettled(request.entity)) return { outcome: 'failed' };
    const now = epochSeconds(clock);
    const failed: AccessRequest = { ...request.entity, status: 'failed', failure, endedAtEpochSeconds: now };
    const changes: Change[] = [{ type: accessRequestType, entity: failed, replaces: request }];
    if (grant?.entity.status === 'pending') {
      const abandoned: Grant = {
        ...(grant.entity as GrantIn<'pending'>),
        status: 'abandoned',
        endedAtEpochSeconds: now,
      };
      changes.push({ type: grantType, entity: abandoned, replaces: grant });
    }
    await ledger.commit({
      chain: requestId,
      event: caseEvent(clock, request.entity.txn, 'request.failed', { service: 'record-failure' }, failure),
      changes,
    });
    return { outcome: 'failed' };
  };
}
