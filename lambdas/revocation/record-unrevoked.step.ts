import { beginEnding, type EndReason, grantType, type PathFailure } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { Metrics } from '../platform/metrics.port.ts';
import { caseIds } from '../requests/access-request.ts';
import { recordFailure } from '../requests/record-failure.step.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'unrevokedCredential'>;
}

interface UnrevokedInput {
  readonly requestId: string;
  /** The failure that revoking ended with. */
  readonly error: string;
  /** Why the grant was to end. */
  readonly reason: EndReason;
  readonly failure?: PathFailure | undefined;
}

/** Records, and alarms on, a credential that could not be confirmed dead. It is never shown as done. */
export function recordUnrevoked({ ledger, clock, metrics }: Dependencies) {
  return async (input: UnrevokedInput): Promise<{ outcome: 'unresolved' | 'failed' }> => {
    // Before anything that can fail: whoever must act is called whatever happens next.
    metrics.unrevokedCredential();
    const stored = await ledger.read(grantType, caseIds.grantOf(input.requestId));
    if (stored === undefined || stored.entity.status === 'pending') {
      // The path failed before there could be a credential.
      const failure = input.failure ?? { state: 'RevokeCredential', error: input.error };
      return recordFailure({ ledger, clock })({ requestId: input.requestId, failure });
    }
    const grant = stored.entity;
    if (grant.status !== 'active' && grant.status !== 'ending') return { outcome: 'unresolved' };
    // The revocation may have failed before it could even end the right.
    const ending =
      grant.status === 'ending'
        ? grant
        : beginEnding(grant, input.reason, epochSeconds(clock), { failure: input.failure });
    await ledger.commit({
      chain: input.requestId,
      event: caseEvent(
        clock,
        grant.txn,
        'credential.unresolved',
        { service: 'record-unrevoked' },
        { grant: grant.id, handle: grant.credential.handle, reason: ending.reason, error: input.error },
      ),
      changes: [replacement(grantType, stored, { ...ending, status: 'unresolved' })],
    });
    return { outcome: 'unresolved' };
  };
}
