import type * as z from 'zod';
import type { EntityType, ListKind, Stored } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { NESTING_ID, nestingType } from '../verification/nesting.ts';
import { knownAs, type Person, type Principal, principalType } from '../verification/principal.ts';
import { ALL_GROUPS, type Group, groupType } from './group.ts';
import { invalidScim } from './scim.ts';
import { type ScimFilter, scimFilter } from './scim-filter.ts';
import { groupDocument } from './scim-group.ts';
import { groupSchema, MOST_LISTED, userSchema } from './scim-schemas.ts';
import { userDocument } from './scim-user.ts';
import { userNameId, userNameType } from './user-name.ts';

interface Dependencies {
  readonly ledger: Pick<Ledger, 'read' | 'readAll' | 'list'>;
  /** The address of the SCIM endpoints. */
  readonly base: string;
}

export interface ScimQuery {
  readonly filter?: string | undefined;
  /** Counted from 1 (RFC 7644 §3.4.2.4). */
  readonly startIndex?: number | undefined;
  readonly count?: number | undefined;
}

/** What matches a query, a page of it (RFC 7644 §3.4.2). */
export interface ListResponse {
  readonly schemas: readonly string[];
  readonly totalResults: number;
  readonly startIndex: number;
  readonly itemsPerPage: number;
  readonly Resources: readonly object[];
}

/** How many resources a query reads at the most, to find those that match and to count them. */
const MOST_READ = 5000;
const PAGE = 100;
const USUAL_COUNT = 100;

/**
 * Finds people and groups. What a filter requires to be equal (a userName, an externalId, an id, a group's name, a
 * member) is looked up; any other filter reads through all of them, and through so many at the most.
 */
export function findResources({ ledger, base }: Dependencies) {
  return {
    /** @throws Problem 400 `invalidFilter`, `tooMany` */
    async users(query: ScimQuery): Promise<ListResponse> {
      const filter = query.filter === undefined ? undefined : scimFilter(userSchema, query.filter);
      const known = (await usersNamed(filter)) ?? (await listed(principalType, 'PRINCIPALS', 'user'));
      const matching = known
        .filter(isPresentPerson)
        .filter((person) => filter?.matches(userDocument(unread(person), base)) ?? true);
      return answer(matching, query, async (page) =>
        (await reread(principalType, page)).map((stored) => userDocument(stored as Stored<Person>, base)),
      );
    },

    /** Who is in a group, it tells itself. @throws Problem 400 `invalidFilter`, `tooMany` */
    async groups(query: ScimQuery): Promise<ListResponse> {
      const filter = query.filter === undefined ? undefined : scimFilter(groupSchema, query.filter);
      const member = memberIn(filter);
      const known = (await groupsNamed(filter, member)) ?? (await listed(groupType, 'GROUPS', ALL_GROUPS));
      const matching = known
        .filter(({ status }) => status === 'present')
        .filter(
          (group) =>
            filter?.matches({
              ...groupDocument(unread(group), undefined, base),
              ...(member === undefined ? {} : { members: [{ value: member }] }),
            }) ?? true,
        );
      return answer(matching, query, async (page) =>
        (await reread(groupType, page)).map((stored) => groupDocument(stored, undefined, base)),
      );
    },
  };

  /** Those among whom all that match are; undefined where that may be anybody. */
  async function usersNamed(filter: ScimFilter | undefined): Promise<readonly Principal[] | undefined> {
    const required = (path: string) => filter?.required.get(path);
    const id = required('id');
    if (id !== undefined) return read(principalType, [id]);
    const userName = required('username');
    if (userName !== undefined) {
      const bearer = (await ledger.read(userNameType, userNameId(userName)))?.entity.bearer;
      // Of whom no provider has told, the id is the name.
      return read(principalType, [bearer ?? userName]);
    }
    const externalId = required('externalid');
    if (externalId !== undefined) return listed(principalType, 'KNOWN_AS', knownAs.person(externalId));
    const group = required('groups.value');
    return group === undefined ? undefined : listed(principalType, 'MEMBERS_OF', group);
  }

  async function groupsNamed(
    filter: ScimFilter | undefined,
    member: string | undefined,
  ): Promise<readonly Group[] | undefined> {
    if (member !== undefined) return read(groupType, await groupsWith(member));
    const id = filter?.required.get('id');
    if (id !== undefined) return read(groupType, [id]);
    const displayName = filter?.required.get('displayname');
    if (displayName !== undefined) return listed(groupType, 'KNOWN_AS', knownAs.groupNamed(displayName));
    const externalId = filter?.required.get('externalid');
    return externalId === undefined ? undefined : listed(groupType, 'KNOWN_AS', knownAs.group(externalId));
  }

  async function groupsWith(member: string): Promise<readonly string[]> {
    const [principal, nesting] = await ledger.readAll([
      [principalType, member],
      [nestingType, NESTING_ID],
    ] as const);
    const nested = nesting?.entity.memberOf ?? {};
    return [
      ...(principal?.entity.kind === 'user' ? principal.entity.groups : []),
      ...(Object.hasOwn(nested, member) ? (nested[member] ?? []) : []),
    ];
  }

  async function read<Schema extends z.ZodType<{ id: string }>>(
    type: EntityType<Schema>,
    ids: readonly string[],
  ): Promise<readonly z.infer<Schema>[]> {
    const found = await ledger.readAll(ids.map((id) => [type, id] as const));
    return found.flatMap((stored) => stored?.entity ?? []);
  }

  /** @throws Problem 400 `tooMany` */
  async function listed<Schema extends z.ZodType<{ id: string }>>(
    type: EntityType<Schema>,
    kind: ListKind,
    name: string,
  ): Promise<readonly z.infer<Schema>[]> {
    const entities: z.infer<Schema>[] = [];
    let after: string | undefined;
    do {
      const page = await ledger.list(
        type,
        { kind, name },
        { limit: PAGE, ...(after === undefined ? {} : { after }) },
      );
      entities.push(...page.items);
      after = page.next;
      if (entities.length > MOST_READ)
        throw invalidScim(
          'tooMany',
          `That is to be found among more than ${MOST_READ}. Ask for a userName, an externalId, an id, groups.value, a group's displayName or members.value that is equal (eq).`,
        );
    } while (after !== undefined);
    return entities;
  }

  /** What is shown is read with its version, and as it is by now. */
  async function reread<Schema extends z.ZodType<{ id: string }>>(
    type: EntityType<Schema>,
    page: readonly { readonly id: string }[],
  ): Promise<readonly Stored<z.infer<Schema>>[]> {
    const found = await ledger.readAll(page.map(({ id }) => [type, id] as const));
    return found.flatMap((stored) => stored ?? []);
  }
}

/**
 * The member that a group must have.
 * @throws Problem 400 `invalidFilter` where members are asked about in any other way: they are not read here
 */
function memberIn(filter: ScimFilter | undefined): string | undefined {
  const asked = filter?.paths.filter((path) => /^members\b/.test(path)) ?? [];
  const member = filter?.required.get('members.value');
  if (asked.length > 1 || (asked.length === 1 && member === undefined))
    throw invalidScim('invalidFilter', 'Of members, a filter of groups can ask once: members.value eq "…".');
  return member;
}

function isPresentPerson(principal: Principal): principal is Person {
  return principal.kind === 'user' && principal.status !== 'offboarded';
}

/** A filter looks at everything but the version. */
function unread<Entity>(entity: Entity): Stored<Entity> {
  return { entity, version: 0, toldBy: { chain: '', sequence: 0, hash: '' } };
}

/** RFC 7644 §3.4.2. A count of 0 asks for the total alone. */
async function answer<Entity extends { readonly id: string }>(
  matching: readonly Entity[],
  { startIndex = 1, count = USUAL_COUNT }: ScimQuery,
  documentsOf: (page: readonly Entity[]) => Promise<readonly object[]>,
): Promise<ListResponse> {
  const first = Math.max(1, startIndex);
  const most = Math.min(Math.max(0, count), MOST_LISTED);
  const documents = await documentsOf(matching.slice(first - 1, first - 1 + most));
  return listResponse(documents, matching.length, first);
}

/** RFC 7644 §3.4.2. */
export function listResponse(
  resources: readonly object[],
  totalResults = resources.length,
  startIndex = 1,
): ListResponse {
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
    totalResults,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources,
  };
}
