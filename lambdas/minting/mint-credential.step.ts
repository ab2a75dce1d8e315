import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { timestamp } from '../platform/duration.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { accessRequestType, caseIds } from '../requests/access-request.ts';
import { activate, grantType } from './grant.ts';
import { heldAncestors } from './held-ancestors.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/**
 * Makes a grant active and its credential claimable: the credential's record, with the name that it will have
 * at its target, stands before the credential does. The token itself is signed when it is claimed, so that it
 * rests nowhere.
 * @throws GrantNotHeld where a grant that it is a part of has ended; no credential can be claimed then
 */
export function mintCredential({ ledger, clock }: Dependencies) {
  return async ({ requestId }: { requestId: string }): Promise<{ outcome: 'active'; expiresAt: string }> => {
    const [request, grant] = await ledger.readAll([
      [accessRequestType, requestId],
      [grantType, caseIds.grantOf(requestId)],
    ]);
    if (request === undefined || grant === undefined) {
      throw new BrokenInvariant('A credential is to be minted for a grant that was not decided');
    }
    if ('expiresAtEpochSeconds' in grant.entity) {
      await heldAncestors(ledger, grant.entity, epochSeconds(clock));
      return { outcome: 'active', expiresAt: timestamp(grant.entity.expiresAtEpochSeconds * 1000) };
    }
    if (grant.entity.status !== 'pending' || request.entity.status !== 'permitted') {
      throw new BrokenInvariant('A credential is to be minted for a request that is not permitted');
    }
    const now = epochSeconds(clock);
    const active = activate(grant.entity, now, await heldAncestors(ledger, grant.entity, now));
    const expiresAt = timestamp(active.expiresAtEpochSeconds * 1000);
    await ledger.commit({
      chain: requestId,
      event: caseEvent(
        clock,
        active.txn,
        'grant.activated',
        { service: 'mint-credential' },
        {
          grant: active.id,
          target: active.target,
          permissions: active.permissions,
          handle: active.credential.handle,
          expires_at: expiresAt,
        },
      ),
      changes: [
        replacement(grantType, grant, active),
        replacement(accessRequestType, request, {
          ...request.entity,
          status: 'approved',
          approvedAtEpochSeconds: now,
        }),
      ],
    });
    // Who ends an ancestor ends it first and looks for its descendants then: one of the two sees the other.
    await heldAncestors(ledger, active, now);
    return { outcome: 'active', expiresAt };
  };
}
