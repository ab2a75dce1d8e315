import { isDeepStrictEqual } from 'node:util';
import { caseEvent } from '../platform/case-event.ts';
import type { Clock } from '../platform/clock.port.ts';
import { type Change, creation, replacement, type Stored } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { forbidden, notFound } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import type { ContainmentWorkflow } from '../revocation/containment-workflow.port.ts';
import { type Revocation, revocationType, submitted } from '../revocation/revocation.ts';
import { type Caller, partiesOf, whoCalls } from '../verification/caller.ts';
import { type Person, type Principal, type Provisioned, principalType } from '../verification/principal.ts';
import { referenceTo } from '../verification/session.ts';
import { containSuspended } from './contain-suspended.step.ts';
import { requireVersion } from './preconditions.ts';
import { notUnique } from './scim.ts';
import { cleanOperations, type PatchOperation, patched } from './scim-patch.ts';
import { userSchema } from './scim-schemas.ts';
import {
  type PersonFields,
  personFields,
  type UserBody,
  userAttributes,
  userBodyOf,
  userNameOf,
} from './scim-user.ts';
import { userNameId, userNameType } from './user-name.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly containments: ContainmentWorkflow;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Keeps the people of the directory as an identity provider tells. Whoever is suspended or deleted is denied from that
 * transaction on, in which the containment of what they hold is recorded, too; the reconciler starts it where this does
 * not get to it, and so does the same request when it comes again.
 */
export function provisionUsers({ ledger, containments, clock, ids }: Dependencies) {
  const contain = containSuspended({ ledger, containments, clock });

  return {
    /** @throws Problem 404 for whoever is no person, or is deleted */
    async read(id: string): Promise<Stored<Person>> {
      const stored = await find(id);
      if (stored === undefined || stored.entity.status === 'offboarded') throw notFound('user');
      return stored;
    },

    /**
     * Takes a person in. Their id is what the provider calls them, or else their userName, and stays theirs for ever.
     * @throws Problem 409 `uniqueness`
     */
    create(caller: Caller, body: UserBody): Promise<Stored<Person>> {
      const fields = personFields(body);
      const id = fields.externalId ?? fields.userName;
      return rereadOnConflict(async () => {
        const known = await ledger.read(principalType, id);
        if (known?.entity.status === 'offboarded')
          throw notUnique(
            `${JSON.stringify(id)} was the id of somebody who is gone, and is given to nobody else. Send another externalId; the userName is free.`,
          );
        if (known !== undefined) throw notUnique(`There is ${JSON.stringify(id)} already.`);
        const now = clock.nowEpochMilliseconds();
        const person: Person = {
          kind: 'user',
          id,
          groups: [],
          ...described(fields, now, now),
          status: fields.active === false ? 'suspended' : 'active',
        };
        const toldBy = await ledger.commit({
          chain: chainOf(id),
          opens: true,
          event: told(caller, 'principal.provisioned', { status: person.status }),
          changes: [creation(principalType, person), ...(await namings(undefined, person))],
        });
        return { entity: person, version: 1, toldBy };
      });
    },

    replace(caller: Caller, id: string, body: UserBody, ifMatch?: string): Promise<Stored<Person>> {
      return change(caller, id, ifMatch, () => personFields(body));
    },

    patch(
      caller: Caller,
      id: string,
      operations: readonly PatchOperation[],
      ifMatch?: string,
    ): Promise<Stored<Person>> {
      const clean = cleanOperations(userSchema, id, operations);
      return change(caller, id, ifMatch, (person) =>
        personFields(userBodyOf(patched(userAttributes(person), clean))),
      );
    },

    /** They are kept for the audit, and nobody finds them here any more (RFC 7644 §3.6). */
    remove(caller: Caller, id: string, ifMatch?: string): Promise<void> {
      return rereadOnConflict(async () => {
        const stored = await find(id);
        if (stored === undefined) throw notFound('user');
        const { entity: person } = stored;
        if (person.status === 'offboarded') {
          await contain(person);
          throw notFound('user');
        }
        requireVersion(ifMatch, stored);
        await requireUnconcerned(caller, person);
        const gone: Person = { ...person, status: 'offboarded', groups: [] };
        await contain((await commit(caller, stored, gone, 'principal.offboarded')).entity);
      });
    },
  };

  async function find(id: string): Promise<Stored<Person> | undefined> {
    const stored = await ledger.read(principalType, id);
    return isStoredPerson(stored) ? stored : undefined;
  }

  function change(
    caller: Caller,
    id: string,
    ifMatch: string | undefined,
    fieldsOf: (person: Person) => PersonFields,
  ): Promise<Stored<Person>> {
    return rereadOnConflict(async () => {
      const stored = await find(id);
      if (stored === undefined || stored.entity.status === 'offboarded') throw notFound('user');
      requireVersion(ifMatch, stored);
      const { entity: person } = stored;
      const next = asTold(person, fieldsOf(person), clock.nowEpochMilliseconds());
      if (person.status === 'active' && next.status === 'suspended') await requireUnconcerned(caller, person);
      const isSame = changedAttributes(person, next).length === 0;
      const changed = isSame ? stored : await commit(caller, stored, next, changeOf(person, next));
      await contain(changed.entity);
      return changed;
    });
  }

  /** Writes how a person stands now, and with it, where they are let in no more, the containment of what they hold. */
  async function commit(
    caller: Caller,
    before: Stored<Person>,
    next: Person,
    type: string,
  ): Promise<Stored<Person>> {
    const isSuspension = before.entity.status === 'active' && next.status !== 'active';
    const run = isSuspension ? suspension(caller, next) : undefined;
    const after = run === undefined ? next : containedBy(next, run);
    const toldBy = await ledger.commit({
      chain: chainOf(next.id),
      event: told(caller, type, {
        changed: changedAttributes(before.entity, after),
        ...(run === undefined ? {} : { containment: run.id }),
      }),
      changes: [
        replacement(principalType, before, after),
        ...(await namings(before.entity, after)),
        ...(run === undefined ? [] : [creation(revocationType, run)]),
      ],
    });
    return { entity: after, version: before.version + 1, toldBy };
  }

  function suspension(caller: Caller, { id }: Person): Revocation {
    return submitted(
      {
        id: `rev-${ids.next()}`,
        txn: ids.next(),
        scope: { kind: 'suspended', id },
        sessions: [],
        reason: 'The directory has suspended the person.',
        dryRun: false,
        startedBy: { principal: referenceTo(caller.principal), actors: caller.actors.map(referenceTo) },
        startedAtEpochMilliseconds: clock.nowEpochMilliseconds(),
      },
      [],
    );
  }

  /**
   * Who bears which name from then on.
   * @throws Problem 409 `uniqueness` where somebody else bears it
   */
  async function namings(before: Person | undefined, after: Person): Promise<Change[]> {
    const own = before?.provisioned && userNameId(before.provisioned.userName);
    const wanted = after.status === 'offboarded' ? undefined : userNameId(userNameOf(after));
    if (own === wanted) return [];
    const [had, taken, imported] = await ledger.readAll([
      [userNameType, own ?? ''],
      [userNameType, wanted ?? ''],
      [principalType, userNameOf(after)],
    ] as const);
    if (wanted !== undefined) {
      const bearer = taken?.entity.bearer;
      const isImported = isStoredPerson(imported) && imported.entity.provisioned === undefined;
      const isTaken = bearer !== undefined && bearer !== after.id;
      if (
        isTaken ||
        (isImported && imported.entity.id !== after.id && imported.entity.status !== 'offboarded')
      )
        throw notUnique(`Somebody else has the userName ${JSON.stringify(userNameOf(after))}.`);
    }
    return [
      ...(own === undefined || had === undefined ? [] : [replacement(userNameType, had, { id: own })]),
      ...(wanted === undefined ? [] : [naming(wanted, taken, after.id)]),
    ];
  }

  function naming(id: string, taken: Stored<{ readonly id: string }> | undefined, bearer: string): Change {
    const name = { id, bearer };
    return taken === undefined ? creation(userNameType, name) : replacement(userNameType, taken, name);
  }

  /**
   * Nobody takes themself out of the directory, nor the person who answers for them: whoever keeps the directory would
   * lock itself out. The refusal is recorded.
   * @throws Problem 403
   */
  async function requireUnconcerned(caller: Caller, { id }: Person): Promise<void> {
    const isConcerned = partiesOf(caller).some(
      (party) => party.id === id || (party.kind !== 'user' && party.owner === id),
    );
    if (!isConcerned) return;
    await ledger.commit({
      chain: chainOf(id),
      event: told(caller, 'principal.suspension-refused', { problem: 'concerned' }),
      changes: [],
    });
    throw forbidden(
      'concerned',
      `You are ${JSON.stringify(id)}, or ${JSON.stringify(id)} answers for you. Give your account another owner first.`,
    );
  }

  function told(caller: Caller, type: string, details: Parameters<typeof caseEvent>[4]) {
    return caseEvent(clock, ids.next(), type, whoCalls(caller), details);
  }
}

function chainOf(id: string): string {
  return `principal-${id}`;
}

function isStoredPerson(stored: Stored<Principal> | undefined): stored is Stored<Person> {
  return stored?.entity.kind === 'user';
}

/** A person as the provider tells of them. */
function asTold(person: Person, fields: PersonFields, nowEpochMilliseconds: number): Person {
  const { email: _, roles: __, provisioned, ...rest } = person;
  const createdAt = provisioned?.createdAtEpochMilliseconds ?? nowEpochMilliseconds;
  const told = described(fields, createdAt, nowEpochMilliseconds);
  return {
    ...rest,
    ...told,
    status: fields.active === undefined ? rest.status : fields.active ? 'active' : 'suspended',
    provisioned: {
      ...told.provisioned,
      ...(provisioned?.containment === undefined ? {} : { containment: provisioned.containment }),
    },
  };
}

function described(
  { name, email, roles = [], userName, externalId }: PersonFields,
  createdAtEpochMilliseconds: number,
  changedAtEpochMilliseconds: number,
): Pick<Person, 'name' | 'email' | 'roles'> & { readonly provisioned: Provisioned } {
  return {
    name,
    ...(email === undefined ? {} : { email }),
    ...(roles.length === 0 ? {} : { roles }),
    provisioned: {
      userName,
      ...(externalId === undefined ? {} : { externalId }),
      createdAtEpochMilliseconds,
      changedAtEpochMilliseconds,
    },
  };
}

/** A person whom a run contains; of whom no provider has told, it is the first that is kept of one. */
function containedBy(person: Person, { id, startedAtEpochMilliseconds: now }: Revocation): Person {
  const provisioned = person.provisioned ?? {
    userName: person.id,
    createdAtEpochMilliseconds: now,
    changedAtEpochMilliseconds: now,
  };
  return { ...person, provisioned: { ...provisioned, containment: id } };
}

function changeOf(before: Person, after: Person): string {
  if (before.status === after.status) return 'principal.changed';
  return after.status === 'active' ? 'principal.reactivated' : 'principal.suspended';
}

/** Names of what has changed, for the chain, which keeps no addresses of people. */
function changedAttributes(before: Person, after: Person): string[] {
  const [one, other] = [userAttributes(before), userAttributes(after)];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => !isDeepStrictEqual(one[name], other[name]));
}
