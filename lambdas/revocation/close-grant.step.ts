import { grantType, type PathFailure } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { caseIds } from '../requests/access-request.ts';
import { recordFailure } from '../requests/record-failure.step.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

interface CloseInput {
  readonly requestId: string;
  readonly failure?: PathFailure | undefined;
}

/**
 * Closes a grant whose credential is known to be dead, or that never became active because the path failed
 * before.
 */
export function closeGrant({ ledger, clock }: Dependencies) {
  return async ({ requestId, failure }: CloseInput): Promise<{ outcome: 'ended' | 'failed' }> => {
    const stored = await ledger.read(grantType, caseIds.grantOf(requestId));
    if (failure !== undefined && (stored === undefined || stored.entity.status === 'pending')) {
      return recordFailure({ ledger, clock })({ requestId, failure });
    }
    if (stored === undefined) throw new BrokenInvariant('A grant is to be closed that was not decided');
    const grant = stored.entity;
    if (grant.status === 'abandoned') return { outcome: 'failed' };
    if (grant.status === 'ended') return { outcome: 'ended' };
    if (grant.status !== 'ending' || grant.credential.status !== 'revoked') {
      throw new BrokenInvariant('A grant is to be closed whose credential is not known to be dead');
    }
    await ledger.commit({
      chain: requestId,
      event: caseEvent(
        clock,
        grant.txn,
        'grant.ended',
        { service: 'close-grant' },
        { grant: grant.id, reason: grant.reason },
      ),
      changes: [
        replacement(grantType, stored, {
          ...grant,
          status: 'ended',
          endedAtEpochSeconds: epochSeconds(clock),
        }),
      ],
    });
    return { outcome: 'ended' };
  };
}
