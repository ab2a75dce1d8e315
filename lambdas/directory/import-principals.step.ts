import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { creation } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type Principal, principalType } from '../verification/principal.ts';
import { type Group, groupType, nothingPending } from './group.ts';

interface Dependencies {
  readonly ledger: Pick<Ledger, 'readAll' | 'commit'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

const by = { service: 'directory-import' } as const;

/**
 * Puts the principals that the directory does not hold yet into it, and the groups that they are in, each with the event
 * that opens its chain. What it holds stays as it is.
 * @returns the ids of the principals that were imported
 */
export function importPrincipals({ ledger, clock, ids }: Dependencies) {
  return async (principals: readonly Principal[]): Promise<readonly string[]> => {
    const found = await ledger.readAll(principals.map(({ id }) => [principalType, id] as const));
    const known = new Set(found.flatMap((stored) => stored?.entity.id ?? []));
    const fresh = principals.filter(({ id }) => !known.has(id));
    const txn = ids.next();
    await importGroups(txn, [...new Set(fresh.flatMap(({ groups }) => groups))]);
    for (const principal of fresh) {
      await ledger.commit({
        chain: `principal-${principal.id}`,
        opens: true,
        event: caseEvent(clock, txn, 'principal.imported', by, {
          kind: principal.kind,
          groups: principal.groups,
        }),
        changes: [creation(principalType, principal)],
      });
    }
    return fresh.map(({ id }) => id);
  };

  async function importGroups(txn: string, groups: readonly string[]): Promise<void> {
    const found = await ledger.readAll(groups.map((id) => [groupType, id] as const));
    const now = clock.nowEpochMilliseconds();
    for (const id of groups.filter((_, index) => found[index] === undefined)) {
      const group: Group = {
        id,
        displayName: id,
        status: 'present',
        pending: nothingPending,
        createdAtEpochMilliseconds: now,
        changedAtEpochMilliseconds: now,
      };
      await ledger.commit({
        chain: `group-${id}`,
        opens: true,
        event: caseEvent(clock, txn, 'group.imported', by, {}),
        changes: [creation(groupType, group)],
      });
    }
  }
}
