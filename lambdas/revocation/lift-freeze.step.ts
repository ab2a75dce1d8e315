import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { type Change, replacement, type Stored } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { conflict, forbidden, notFound } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { type Caller, partiesOf, whoCalls } from '../verification/caller.ts';
import { freezeType } from '../verification/freeze.ts';
import { isResponder, refusalOfResponder } from './responder.ts';
import { freezeFor, isOver, type Revocation, revocationType } from './revocation.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/**
 * Lifts what a containment has frozen, once it is over. Done again, it changes nothing.
 * @throws Problem 403 for whom it concerns, 409 while it runs or where another run holds the freeze
 */
export function liftFreeze({ deployment, ledger, clock }: Dependencies) {
  return (caller: Caller, id: string): Promise<Revocation> =>
    rereadOnConflict(async () => {
      if (!isResponder(deployment, caller)) throw notFound('revocation');
      const refused = refusalOfResponder(deployment, caller);
      if (refused !== undefined) throw refused;
      const stored = await ledger.read(revocationType, id);
      if (stored === undefined) throw notFound('revocation');
      const { scope, secrets, dryRun, liftedAtEpochMilliseconds } = stored.entity;
      if (liftedAtEpochMilliseconds !== undefined) return stored.entity;
      const wanted = dryRun
        ? []
        : freezeFor(
            scope,
            secrets.map((secret) => secret.id),
          );
      if (wanted.length === 0) throw conflict('nothing-frozen', 'This revocation has frozen nothing.');
      if (partiesOf(caller).some((party) => isConcerned(party, stored.entity)))
        throw forbidden(
          'concerned',
          'Nobody lifts the freeze that holds themselves. Another responder has to.',
        );
      if (!isOver(stored.entity))
        throw conflict(
          'not-contained',
          'The revocation is not over. What it could not confirm may still work; wait until it is contained.',
        );
      return lift(caller, stored, wanted);
    });

  async function lift(
    caller: Caller,
    stored: Stored<Revocation>,
    wanted: ReturnType<typeof freezeFor>,
  ): Promise<Revocation> {
    const found = await ledger.readAll(wanted.map(({ id }) => [freezeType, id] as const));
    const changes = wanted.flatMap(({ holder }, index): Change[] => {
      const freeze = found[index];
      if (freeze?.entity.heldBy[holder] !== stored.entity.id) return [];
      const { [holder]: _, ...heldBy } = freeze.entity.heldBy;
      return [replacement(freezeType, freeze, { ...freeze.entity, heldBy })];
    });
    if (changes.length === 0)
      throw conflict(
        'held-by-another',
        'A later revocation of the same scope holds the freeze. Lift that one.',
      );
    const lifted: Revocation = {
      ...stored.entity,
      liftedAtEpochMilliseconds: clock.nowEpochMilliseconds(),
    };
    await ledger.commit({
      chain: lifted.id,
      event: caseEvent(clock, lifted.txn, 'revocation.freeze-lifted', whoCalls(caller), {
        freezes: wanted.map(({ id }) => id),
      }),
      changes: [replacement(revocationType, stored, lifted), ...changes],
    });
    return lifted;
  }
}

function isConcerned(
  party: { readonly id: string; readonly owner?: string },
  { scope }: Revocation,
): boolean {
  if (scope.kind === 'principal') return party.id === scope.id;
  return scope.kind === 'owner' && (party.id === scope.id || party.owner === scope.id);
}
