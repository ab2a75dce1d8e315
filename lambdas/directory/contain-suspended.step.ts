import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant, StateConflict } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type ContainmentWorkflow, legFromRecord } from '../revocation/containment-workflow.port.ts';
import { isOver, revocationType } from '../revocation/revocation.ts';
import type { Person } from '../verification/principal.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly containments: ContainmentWorkflow;
  readonly clock: Clock;
}

/**
 * Has the containment run that was recorded when the person was suspended. Done again, it starts nothing twice.
 * @throws DependencyUnavailable where the start was not confirmed
 */
export function containSuspended({ ledger, containments, clock }: Dependencies) {
  return async ({ status, provisioned }: Person): Promise<void> => {
    const id = provisioned?.containment;
    if (status === 'active' || id === undefined) return;
    const stored = await ledger.read(revocationType, id);
    if (stored === undefined) throw new BrokenInvariant('A suspension has no containment');
    const { entity: run } = stored;
    if (isOver(run)) return;
    // Its own chain opens here; it was recorded with the event of the suspension, in the person's.
    if (stored.toldBy.chain !== id)
      await ledger
        .commit({
          chain: id,
          opens: true,
          event: caseEvent(
            clock,
            run.txn,
            'revocation.started',
            { service: 'provision-directory' },
            { scope: run.scope, reason: run.reason, dry_run: false, suspension: stored.toldBy.chain },
          ),
          changes: [replacement(revocationType, stored, run)],
        })
        .catch((error: unknown) => {
          // The reconciler has found it first: it runs.
          if (!(error instanceof StateConflict)) throw error;
        });
    await containments.start(legFromRecord(id));
  };
}
