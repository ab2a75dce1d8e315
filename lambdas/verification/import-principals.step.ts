import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { creation } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type Principal, principalType } from './principal.ts';

interface Dependencies {
  readonly ledger: Pick<Ledger, 'readAll' | 'commit'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Puts the principals that the directory does not hold yet into it, each with the event that opens its chain.
 * Those that it holds stay as they are.
 * @returns the ids of those that were imported
 */
export function importPrincipals({ ledger, clock, ids }: Dependencies) {
  return async (principals: readonly Principal[]): Promise<readonly string[]> => {
    const found = await ledger.readAll(principals.map(({ id }) => [principalType, id] as const));
    const known = new Set(found.flatMap((stored) => stored?.entity.id ?? []));
    const fresh = principals.filter(({ id }) => !known.has(id));
    const txn = ids.next();
    for (const principal of fresh) {
      await ledger.commit({
        chain: `principal-${principal.id}`,
        opens: true,
        event: caseEvent(
          clock,
          txn,
          'principal.imported',
          { service: 'directory-import' },
          { kind: principal.kind, groups: principal.groups },
        ),
        changes: [creation(principalType, principal)],
      });
    }
    return fresh.map(({ id }) => id);
  };
}
