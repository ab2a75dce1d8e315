import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { freezeType } from '../verification/freeze.ts';
import { freezeFor, isOver, revocationType } from './revocation.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/**
 * Makes sure that the scope is frozen before anything is looked for: what comes to be under it later can do nothing. A
 * later leg finds it so.
 * @throws BrokenInvariant where nothing holds the freeze that was written with the run
 */
export function freezeScope({ ledger, clock }: Dependencies) {
  return async ({
    revocationId,
  }: {
    revocationId: string;
  }): Promise<{ outcome: 'frozen' | 'over'; steps: number }> => {
    const stored = await ledger.read(revocationType, revocationId);
    if (stored === undefined)
      throw new BrokenInvariant('A workflow runs for a revocation that is not recorded');
    const revocation = stored.entity;
    const { steps } = revocation.traced;
    if (isOver(revocation)) return { outcome: 'over', steps };
    if (revocation.status !== 'submitted') return { outcome: 'frozen', steps };
    const exposed = revocation.secrets.map(({ id }) => id);
    const wanted = revocation.dryRun ? [] : freezeFor(revocation.scope, exposed);
    const found = await ledger.readAll(wanted.map(({ id }) => [freezeType, id] as const));
    if (wanted.some(({ holder }, index) => found[index]?.entity.heldBy[holder] === undefined))
      throw new BrokenInvariant('What is to be contained is not frozen');
    await ledger.commit({
      chain: revocationId,
      event: caseEvent(
        clock,
        revocation.txn,
        'revocation.frozen',
        { service: 'freeze-scope' },
        { freezes: wanted.map(({ id }) => id) },
      ),
      changes: [replacement(revocationType, stored, { ...revocation, status: 'tracing' })],
    });
    return { outcome: 'frozen', steps };
  };
}
