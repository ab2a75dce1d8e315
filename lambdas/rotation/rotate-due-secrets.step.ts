import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { dueAt, managedSecretType } from './managed-secret.ts';
import type { Rotation } from './rotation.ts';
import type { RotationOrder } from './start-rotation.step.ts';

interface Dependencies {
  readonly ledger: Pick<Ledger, 'list'>;
  readonly start: (order: RotationOrder) => Promise<Rotation | undefined>;
  /** Told of a secret whose rotation could not be started; it is due again the next time. */
  readonly notStarted: (secretId: string, error: unknown) => void;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** What a function starts within its fifteen seconds; the rest is due again the next time. */
const MOST_AT_A_TIME = 50;

/**
 * Starts the rotations whose time has come, and those again of which it is not known whether they began. What is due
 * first goes first, and one that cannot be started keeps no other from it.
 */
export function rotateDueSecrets({ ledger, start, notStarted, clock, ids }: Dependencies) {
  return async (): Promise<{ outcome: 'looked'; started: number }> => {
    const page = await ledger.list(
      managedSecretType,
      { kind: 'DUE', name: 'rotations' },
      { limit: MOST_AT_A_TIME },
    );
    const due = page.items.filter((secret) => dueAt(secret) <= epochSeconds(clock));
    const starts = await Promise.allSettled(
      due.map(({ id }) =>
        start({ secretId: id, reason: 'schedule', txn: ids.next(), by: { service: 'rotate-due-secrets' } }),
      ),
    );
    for (const [index, outcome] of starts.entries())
      if (outcome.status === 'rejected') notStarted(due[index]?.id ?? '', outcome.reason);
    return {
      outcome: 'looked',
      started: starts.filter(({ status }) => status === 'fulfilled').length,
    };
  };
}
