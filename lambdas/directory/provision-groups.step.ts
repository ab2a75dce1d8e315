import { isDeepStrictEqual } from 'node:util';
import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { type Change, creation, replacement, type Stored } from '../platform/entity.ts';
import { DependencyUnavailable } from '../platform/failures.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { notFound } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { sideBySide } from '../platform/side-by-side.ts';
import { type Caller, whoCalls } from '../verification/caller.ts';
import {
  countNested,
  MOST_NESTED,
  NESTING_ID,
  type Nesting,
  nestedIn,
  nestingType,
  noNesting,
  withContaining,
  withNested,
} from '../verification/nesting.ts';
import { principalType } from '../verification/principal.ts';
import { type Group, groupType, nothingPending } from './group.ts';
import { requireVersion } from './preconditions.ts';
import { invalidScim, notUnique } from './scim.ts';
import { type GroupBody, groupAttributes, groupBodyOf, type Members } from './scim-group.ts';
import { type CleanOperation, cleanOperations, type PatchOperation, patched } from './scim-patch.ts';
import { groupSchema } from './scim-schemas.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A group with those of its members that were asked for. */
export interface GroupWithMembers {
  readonly stored: Stored<Group>;
  readonly members: Members | undefined;
}

/** How many people of a group are read, to show them or to change all of them; a part of a larger one is still changed. */
const MOST_MEMBERS_READ = 5000;
const PAGE = 100;
const AT_ONCE = 10;
/** How many groups a person is in at the most: all are written in one transaction, which has room for 100 items. */
const MOST_GROUPS_OF_ONE = 80;

/**
 * Keeps the groups of the directory as an identity provider tells. Who is in a group is written at each person, one
 * transition a person; the group's own record says first who is meant, so that whatever comes next about the group
 * finishes what has stopped half-way.
 */
export function provisionGroups({ ledger, clock, ids }: Dependencies) {
  return {
    /** @throws Problem 404 */
    async read(id: string, withMembers: boolean): Promise<GroupWithMembers> {
      const stored = await present(id);
      return { stored, members: withMembers ? await membersOf(id) : undefined };
    },

    /**
     * Its id is what the provider calls it, or else its name: what policies and roles speak of.
     * @throws Problem 409 `uniqueness`
     */
    async create(caller: Caller, body: GroupBody): Promise<GroupWithMembers> {
      const id = body.externalId ?? body.displayName;
      const known = await ledger.read(groupType, id);
      // What is left in one that was deleted and is to be there again would be in it unseen.
      if (known?.entity.status === 'deleted') await empty(caller, id);
      const stored = await rereadOnConflict(async () => {
        const before = await ledger.read(groupType, id);
        if (before?.entity.status === 'present') throw notUnique(`There is ${JSON.stringify(id)} already.`);
        const now = clock.nowEpochMilliseconds();
        const group: Group = {
          id,
          displayName: body.displayName,
          ...(body.externalId === undefined ? {} : { externalId: body.externalId }),
          status: 'present',
          pending: nothingPending,
          createdAtEpochMilliseconds: now,
          changedAtEpochMilliseconds: now,
        };
        const wanted = await sorted(id, body.members ?? []);
        return write(caller, 'group.provisioned', before, group, { people: [], groups: [] }, wanted);
      });
      return settled(caller, stored, true);
    },

    replace(caller: Caller, id: string, body: GroupBody, ifMatch?: string): Promise<GroupWithMembers> {
      return change(caller, id, ifMatch, true, async () => ({ body, known: await membersOf(id) }));
    },

    patch(
      caller: Caller,
      id: string,
      operations: readonly PatchOperation[],
      ifMatch?: string,
    ): Promise<GroupWithMembers> {
      const clean = cleanOperations(groupSchema, id, operations);
      return change(caller, id, ifMatch, false, async (stored) => {
        const named = membersNamed(clean);
        const known = named === undefined ? await membersOf(id) : await membersAmong(id, named);
        return { body: groupBodyOf(patched(groupAttributes(stored.entity, known), clean)), known };
      });
    },

    /** Nobody is in it then. @throws DependencyUnavailable where more are left than one call puts out; send it again */
    async remove(caller: Caller, id: string, ifMatch?: string): Promise<void> {
      await rereadOnConflict(async () => {
        const stored = await ledger.read(groupType, id);
        if (stored === undefined) throw notFound('group');
        if (stored.entity.status === 'deleted') {
          if ((await people(id, 1)).length === 0) throw notFound('group');
          return;
        }
        requireVersion(ifMatch, stored);
        const settledBefore = await finishPending(caller, stored);
        const nesting = await readNesting();
        const without = withNested(nesting.entity, id, []);
        const { [id]: _, ...memberOf } = without.memberOf;
        await ledger.commit({
          chain: chainOf(id),
          event: told(caller, 'group.deleted', {}),
          changes: [
            replacement(groupType, settledBefore, { ...settledBefore.entity, status: 'deleted' }),
            ...nestingChange(nesting, { ...without, memberOf }),
          ],
        });
      });
      await empty(caller, id);
    },
  };

  async function present(id: string): Promise<Stored<Group>> {
    const stored = await ledger.read(groupType, id);
    if (stored?.entity.status !== 'present') throw notFound('group');
    return stored;
  }

  interface Wanted {
    readonly body: GroupBody;
    /** The members that the body speaks of; others stay as they are. */
    readonly known: Members;
  }

  async function change(
    caller: Caller,
    id: string,
    ifMatch: string | undefined,
    isShown: boolean,
    wantedOf: (stored: Stored<Group>) => Promise<Wanted>,
  ): Promise<GroupWithMembers> {
    const stored = await rereadOnConflict(async () => {
      const found = await present(id);
      requireVersion(ifMatch, found);
      const before = await finishPending(caller, found);
      const { body, known } = await wantedOf(before);
      const wanted = await sorted(id, body.members ?? []);
      const { externalId: _, ...rest } = before.entity;
      const next: Group = {
        ...rest,
        displayName: body.displayName,
        ...(body.externalId === undefined ? {} : { externalId: body.externalId }),
      };
      const isSame =
        isDeepStrictEqual(next, before.entity) && isDeepStrictEqual(asSets(known), asSets(wanted));
      if (isSame) return before;
      return write(
        caller,
        'group.changed',
        before,
        { ...next, changedAtEpochMilliseconds: clock.nowEpochMilliseconds() },
        known,
        wanted,
      );
    });
    return settled(caller, stored, isShown);
  }

  /** The group as it is to be, with who is still to be let in or put out, and which groups are members of it. */
  async function write(
    caller: Caller,
    type: string,
    before: Stored<Group> | undefined,
    group: Group,
    known: Members,
    wanted: Members,
  ): Promise<Stored<Group>> {
    const pending = {
      joining: wanted.people.filter((id) => !known.people.includes(id)),
      leaving: known.people.filter((id) => !wanted.people.includes(id)),
    };
    const nesting = await readNesting();
    const others = nestedIn(nesting.entity, group.id).filter((id) => !known.groups.includes(id));
    const next = withNested(nesting.entity, group.id, [...others, ...wanted.groups]);
    requireSoundNesting(next, group.id);
    const entity = { ...group, pending };
    const toldBy = await ledger.commit({
      chain: chainOf(group.id),
      ...(before === undefined ? { opens: true as const } : {}),
      event: told(caller, type, {
        display_name: group.displayName,
        ...pending,
        nested: wanted.groups.filter((id) => !known.groups.includes(id)),
        no_longer_nested: known.groups.filter((id) => !wanted.groups.includes(id)),
      }),
      changes: [
        before === undefined ? creation(groupType, entity) : replacement(groupType, before, entity),
        ...nestingChange(nesting, next),
      ],
    });
    return { entity, version: (before?.version ?? 0) + 1, toldBy };
  }

  function requireSoundNesting(next: Nesting, group: string): void {
    const inACircle = nestedIn(next, group).find((id) => withContaining([id], next) === undefined);
    if (inACircle !== undefined)
      throw invalidScim(
        'invalidValue',
        `${JSON.stringify(inACircle)} cannot be a member of ${JSON.stringify(group)}, which is, directly or through others, a member of it.`,
      );
    if (countNested(next) > MOST_NESTED)
      throw invalidScim('tooMany', `At most ${MOST_NESTED} groups may be members of groups.`);
  }

  async function readNesting(): Promise<{ stored: Stored<Nesting> | undefined; entity: Nesting }> {
    const stored = await ledger.read(nestingType, NESTING_ID);
    return { stored, entity: stored?.entity ?? noNesting };
  }

  function nestingChange(
    { stored, entity }: { stored: Stored<Nesting> | undefined; entity: Nesting },
    next: Nesting,
  ): Change[] {
    if (isDeepStrictEqual(entity, next)) return [];
    return [stored === undefined ? creation(nestingType, next) : replacement(nestingType, stored, next)];
  }

  async function settled(
    caller: Caller,
    stored: Stored<Group>,
    withMembers: boolean,
  ): Promise<GroupWithMembers> {
    const done = await finishPending(caller, stored);
    return { stored: done, members: withMembers ? await membersOf(done.entity.id) : undefined };
  }

  /** Lets in and puts out whoever is meant to be, at their own records, and says at the group that it is done. */
  async function finishPending(caller: Caller, stored: Stored<Group>): Promise<Stored<Group>> {
    const { id, pending } = stored.entity;
    if (pending.joining.length === 0 && pending.leaving.length === 0) return stored;
    await sideBySide(pending.joining, AT_ONCE, (person) => join(caller, id, person));
    await sideBySide(pending.leaving, AT_ONCE, (person) => leave(caller, id, person));
    const entity = { ...stored.entity, pending: nothingPending };
    const toldBy = await ledger.commit({
      chain: chainOf(id),
      event: told(caller, 'group.settled', {}),
      changes: [replacement(groupType, stored, entity)],
    });
    return { entity, version: stored.version + 1, toldBy };
  }

  async function empty(caller: Caller, id: string): Promise<void> {
    for (let emptied = 0; emptied < MOST_MEMBERS_READ; emptied += PAGE) {
      const page = await people(id, PAGE);
      if (page.length === 0) return;
      await sideBySide(page, AT_ONCE, (person) => leave(caller, id, person));
    }
    throw new DependencyUnavailable('A group has more members than one call puts out');
  }

  function join(caller: Caller, group: string, person: string): Promise<void> {
    return membership(
      caller,
      person,
      'principal.joined',
      group,
      (groups) => (groups.includes(group) ? groups : [...groups, group]),
      ({ pending }) => pending.joining.includes(person),
    );
  }

  function leave(caller: Caller, group: string, person: string): Promise<void> {
    return membership(
      caller,
      person,
      'principal.left',
      group,
      (groups) => groups.filter((one) => one !== group),
      ({ status, pending }) => status === 'deleted' || pending.leaving.includes(person),
    );
  }

  /**
   * Whoever is gone meanwhile is in no group. The group is read after the person: whoever changes its mind about them
   * later finds them written, or has this conflict, however late it comes to them.
   */
  function membership(
    caller: Caller,
    id: string,
    type: string,
    group: string,
    change: (groups: readonly string[]) => readonly string[],
    isMeant: (group: Group) => boolean,
  ): Promise<void> {
    return rereadOnConflict(async () => {
      const stored = await ledger.read(principalType, id);
      if (stored?.entity.kind !== 'user' || stored.entity.status === 'offboarded') return;
      const groups = change(stored.entity.groups);
      if (isDeepStrictEqual(groups, stored.entity.groups)) return;
      const now = await ledger.read(groupType, group);
      if (now === undefined || !isMeant(now.entity)) return;
      await ledger.commit({
        chain: `principal-${id}`,
        event: told(caller, type, { group }),
        changes: [replacement(principalType, stored, { ...stored.entity, groups: [...groups] })],
      });
    });
  }

  /** @throws Problem 400 `tooMany` */
  async function membersOf(id: string): Promise<Members> {
    const { entity: nesting } = await readNesting();
    const found = await people(id, MOST_MEMBERS_READ + 1);
    if (found.length > MOST_MEMBERS_READ)
      throw invalidScim(
        'tooMany',
        `The group has more than ${MOST_MEMBERS_READ} members. Ask with excludedAttributes=members, and change members by name.`,
      );
    return { people: found, groups: nestedIn(nesting, id) };
  }

  async function people(group: string, most: number): Promise<string[]> {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await ledger.list(
        principalType,
        { kind: 'MEMBERS_OF', name: group },
        { limit: Math.min(PAGE, most - found.length), ...(after === undefined ? {} : { after }) },
      );
      found.push(...page.items.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined && found.length < most);
    return found;
  }

  /** Which of these are direct members. */
  async function membersAmong(group: string, ids: readonly string[]): Promise<Members> {
    const { entity: nesting } = await readNesting();
    const nested = nestedIn(nesting, group);
    const found = await ledger.readAll(ids.map((id) => [principalType, id] as const));
    return {
      people: found.flatMap((stored) =>
        stored?.entity.kind === 'user' && stored.entity.groups.includes(group) ? [stored.entity.id] : [],
      ),
      groups: ids.filter((id) => nested.includes(id)),
    };
  }

  /**
   * Members, by what they are.
   * @throws Problem 400 `invalidValue` for whoever is neither a person nor a group here, or is in too many groups
   */
  async function sorted(group: string, members: readonly { readonly value: string }[]): Promise<Members> {
    const wanted = [...new Set(members.map(({ value }) => value))];
    const people = await ledger.readAll(wanted.map((id) => [principalType, id] as const));
    const isPerson = (index: number) => {
      const person = people[index]?.entity;
      return person?.kind === 'user' && person.status !== 'offboarded';
    };
    const rest = wanted.filter((_, index) => !isPerson(index));
    const groups = await ledger.readAll(rest.map((id) => [groupType, id] as const));
    const unknown = rest.find((_, index) => groups[index]?.entity.status !== 'present');
    if (unknown !== undefined)
      throw invalidScim(
        'invalidValue',
        `There is no person and no group ${JSON.stringify(unknown)} to be a member. Machines are not kept here.`,
      );
    const full = people.find(
      (stored) =>
        stored !== undefined &&
        stored.entity.groups.length >= MOST_GROUPS_OF_ONE &&
        !stored.entity.groups.includes(group),
    );
    if (full !== undefined)
      throw invalidScim(
        'tooMany',
        `${JSON.stringify(full.entity.id)} is in ${MOST_GROUPS_OF_ONE} groups. Put them out of others first, or have groups be members of groups.`,
      );
    return { people: wanted.filter((_, index) => isPerson(index)), groups: rest };
  }

  function told(caller: Caller, type: string, details: Parameters<typeof caseEvent>[4]) {
    return caseEvent(clock, ids.next(), type, whoCalls(caller), details);
  }
}

/**
 * The members that operations name, so that the others need not be read, however many they are; undefined where they
 * are about all.
 */
function membersNamed(operations: readonly CleanOperation[]): readonly string[] | undefined {
  const named: string[] = [];
  for (const { op, attribute, filter, value } of operations) {
    if (attribute.name !== 'members') continue;
    const ofFilter = /^\s*value\s+eq\s+("(?:[^"\\]|\\.)*")\s*$/i.exec(filter ?? '')?.[1];
    if (ofFilter !== undefined) named.push(String(JSON.parse(ofFilter)));
    else if (filter !== undefined || op === 'replace' || !Array.isArray(value)) return undefined;
    else named.push(...value.map((one: { readonly value?: unknown }) => String(one.value)));
  }
  return named;
}

function chainOf(id: string): string {
  return `group-${id}`;
}

function asSets({ people, groups }: Members): object {
  return { people: new Set(people), groups: new Set(groups) };
}
