import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { replacement, type Stored } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { freezeType } from '../verification/freeze.ts';
import {
  freezeFor,
  isOver,
  pageId,
  type Revocation,
  type RevocationPage,
  revocationPageType,
  revocationType,
} from './revocation.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export interface FreezeOutput {
  outcome: 'frozen' | 'over';
  /** How many steps of the search there have been. */
  steps: number;
  /** What executions before this one have found: one that takes it from the record does it again, which does no harm. */
  grantPages: number[];
  sessionPages: number[];
}

/**
 * Makes sure that the scope is frozen before anything is looked for: what comes to be under it later can do nothing. A
 * later leg finds it so, and records that it has begun.
 * @throws BrokenInvariant where nothing holds the freeze that was written with the run
 */
export function freezeScope({ ledger, clock }: Dependencies) {
  return async ({ revocationId, leg }: { revocationId: string; leg: number }): Promise<FreezeOutput> => {
    const stored = await ledger.read(revocationType, revocationId);
    if (stored === undefined)
      throw new BrokenInvariant('A workflow runs for a revocation that is not recorded');
    const revocation = stored.entity;
    const nothing = { steps: revocation.traced.steps, grantPages: [], sessionPages: [] };
    if (isOver(revocation)) return { outcome: 'over', ...nothing };
    if (revocation.status !== 'submitted') {
      if (leg > revocation.leg) await recordLeg(stored, leg);
      return { outcome: 'frozen', ...nothing, ...(revocation.dryRun ? {} : await pagesOf(revocation)) };
    }
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
      changes: [
        replacement(revocationType, stored, {
          ...revocation,
          status: 'tracing',
          leg: Math.max(leg, revocation.leg),
        }),
      ],
    });
    return { outcome: 'frozen', ...nothing };
  };

  /** The reconciler looks from there whether anybody runs it. */
  async function recordLeg(stored: Stored<Revocation>, leg: number): Promise<void> {
    await ledger.commit({
      chain: stored.entity.id,
      event: caseEvent(
        clock,
        stored.entity.txn,
        'revocation.handed-over',
        { service: 'freeze-scope' },
        { leg },
      ),
      changes: [replacement(revocationType, stored, { ...stored.entity, leg })],
    });
  }

  async function pagesOf({
    id,
    pages,
  }: Revocation): Promise<Pick<FreezeOutput, 'grantPages' | 'sessionPages'>> {
    const found = await ledger.readAll(
      Array.from({ length: pages }, (_, index) => [revocationPageType, pageId(id, index + 1)] as const),
    );
    const numbers = (kind: RevocationPage['kind']) =>
      found.flatMap((stored) => (stored?.entity.kind === kind ? [stored.entity.number] : []));
    return { grantPages: numbers('grant'), sessionPages: numbers('session') };
  }
}
