import { describe, expect, test } from 'vitest';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import { groupType } from '../../../lambdas/directory/group.ts';
import { importPrincipals } from '../../../lambdas/directory/import-principals.step.ts';
import { provisionGroups } from '../../../lambdas/directory/provision-groups.step.ts';
import { provisionUsers } from '../../../lambdas/directory/provision-users.step.ts';
import { GroupBody } from '../../../lambdas/directory/scim-group.ts';
import { groupSchema, userSchema } from '../../../lambdas/directory/scim-schemas.ts';
import { UserBody } from '../../../lambdas/directory/scim-user.ts';
import type { Leg } from '../../../lambdas/revocation/containment-workflow.port.ts';
import { revocationType } from '../../../lambdas/revocation/revocation.ts';
import { NESTING_ID, nestingType } from '../../../lambdas/verification/nesting.ts';
import { principalType } from '../../../lambdas/verification/principal.ts';
import { callerOf, clockAt, countedIds, everybody, machine, person } from '../../support/access-case.ts';
import { type InMemoryLedger, inMemoryLedger } from '../../support/in-memory-ledger.ts';
import { Interrupted, interruptions } from '../../support/interruptions.ts';

const clock = clockAt();
const sync = callerOf(machine('service_account', 'sync', 'orla'));
const suspension = [{ op: 'replace' as const, path: 'active', value: false }];
const people = (id: string) => ({ op: 'add' as const, path: 'members', value: [{ value: id }] });

async function directory() {
  const ledger = inMemoryLedger();
  const ids = countedIds();
  await importPrincipals({ ledger, clock, ids })(everybody);
  const started = new Map<string, Leg>();
  const containments = { start: async (leg: Leg) => void started.set(leg.revocationId, leg) };
  return {
    ledger,
    started,
    users: (watched = interruptions()) =>
      provisionUsers({
        ledger: watched.watch(ledger),
        containments: watched.watch(containments),
        clock,
        ids,
      }),
    groups: (watched = interruptions()) => provisionGroups({ ledger: watched.watch(ledger), clock, ids }),
  };
}

/** Does it with the world stopping at each call in turn, before its effect or after it, and then again undisturbed. */
async function stoppedEverywhere(
  act: (
    of: Awaited<ReturnType<typeof directory>>,
    watched: ReturnType<typeof interruptions>,
  ) => Promise<unknown>,
  holds: (of: Awaited<ReturnType<typeof directory>>) => Promise<void>,
): Promise<number> {
  let stops = 0;
  for (const when of ['before', 'after'] as const) {
    for (let nth = 1; ; nth += 1) {
      const of = await directory();
      const stopped = await act(of, interruptions(nth, when)).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (stopped !== undefined) expect(stopped).toBeInstanceOf(Interrupted);
      await act(of, interruptions());
      await holds(of);
      if (stopped === undefined) break;
      stops += 1;
    }
  }
  return stops;
}

function expectVerified(ledger: InMemoryLedger, chain: string): string[] {
  const events = ledger.chain(chain);
  expect(verifyChain(chain, [...events])).toMatchObject({ verified: true });
  return events.map(({ type }) => type);
}

describe('wherever it stops, the same again', () => {
  test('suspends once, and one containment runs, which the suspension has recorded', async () => {
    const stops = await stoppedEverywhere(
      ({ users }, watched) => users(watched).patch(sync, 'dana', suspension),
      async ({ ledger, started }) => {
        const dana = (await ledger.read(principalType, 'dana'))?.entity;
        expect(dana).toMatchObject({ status: 'suspended' });
        const containment = dana?.kind === 'user' ? dana.provisioned?.containment : undefined;
        expect([...started.keys()]).toEqual([containment]);
        expect((await ledger.read(revocationType, String(containment)))?.entity).toMatchObject({
          scope: { kind: 'suspended', id: 'dana' },
          status: 'submitted',
          startedBy: { principal: { id: 'sync' } },
        });
        expect(expectVerified(ledger, 'principal-dana')).toEqual([
          'principal.imported',
          'principal.suspended',
        ]);
        expect(expectVerified(ledger, String(containment))).toEqual(['revocation.started']);
      },
    );
    expect(stops).toBeGreaterThan(8);
  });

  test('lets in and puts out whoever is meant, once each', async () => {
    const members = ['dana', 'omar'].map((value) => ({ value }));
    const body = GroupBody.parse({ schemas: [groupSchema.id], displayName: 'Engineers', members });
    const stops = await stoppedEverywhere(
      ({ groups }, watched) => groups(watched).replace(sync, 'engineering', body),
      async ({ ledger }) => {
        const inIt = await ledger.list(
          principalType,
          { kind: 'MEMBERS_OF', name: 'engineering' },
          { limit: 9 },
        );
        expect(inIt.items.map(({ id }) => id)).toEqual(['dana', 'omar']);
        expect((await ledger.read(groupType, 'engineering'))?.entity).toMatchObject({
          displayName: 'Engineers',
          pending: { joining: [], leaving: [] },
        });
        expect(expectVerified(ledger, 'principal-olga')).toEqual(['principal.imported', 'principal.left']);
        expect(expectVerified(ledger, 'principal-omar')).toEqual(['principal.imported', 'principal.joined']);
        expect(expectVerified(ledger, 'principal-dana')).toEqual(['principal.imported']);
        expect(expectVerified(ledger, 'group-engineering')).toEqual([
          'group.imported',
          'group.changed',
          'group.settled',
        ]);
      },
    );
    expect(stops).toBeGreaterThan(12);
  });
});

test('a suspension after another one is contained by a run of its own', async () => {
  const { users, started } = await directory();
  for (const value of [false, true, false])
    await users().patch(sync, 'dana', [{ op: 'replace', path: 'active', value }]);
  expect(started.size).toBe(2);
});

test('who is suspended is let in again only where that is said', async () => {
  const { users, ledger } = await directory();
  await users().patch(sync, 'dana', suspension);
  await users().replace(sync, 'dana', UserBody.parse({ schemas: [userSchema.id], userName: 'dana' }));
  await users().patch(sync, 'dana', [{ op: 'remove', path: 'active' }]);
  expect((await ledger.read(principalType, 'dana'))?.entity.status).toBe('suspended');
  await users().patch(sync, 'dana', [{ op: 'replace', path: 'active', value: true }]);
  expect((await ledger.read(principalType, 'dana'))?.entity.status).toBe('active');
});

test('two people at once do not get one name', async () => {
  const { users } = await directory();
  const named = (externalId: string) =>
    users().create(sync, UserBody.parse({ schemas: [userSchema.id], userName: 'Ada', externalId }));
  const made = await Promise.allSettled([named('one'), named('two')]);
  expect(made.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

describe('who lets somebody in slowly', () => {
  /** Somebody else's change comes between what is meant for a group and what is written at the people. */
  async function overtaken(by: (of: Awaited<ReturnType<typeof directory>>) => Promise<unknown>) {
    const of = await directory();
    let isOvertaken = false;
    const commit: typeof of.ledger.commit = async (transition) => {
      const told = await of.ledger.commit(transition);
      if (!isOvertaken && transition.chain === 'group-engineering') {
        isOvertaken = true;
        await by(of);
      }
      return told;
    };
    const slow = provisionGroups({ ledger: { ...of.ledger, commit }, clock, ids: countedIds() });
    await slow.patch(sync, 'engineering', [people('omar')]).catch(() => undefined);
    expect(isOvertaken).toBe(true);
    return (await of.ledger.read(principalType, 'omar'))?.entity.groups;
  }

  test('does not bring back whom somebody else has put out meanwhile', async () => {
    const groups = await overtaken((of) =>
      of.groups().patch(sync, 'engineering', [{ op: 'remove', path: 'members[value eq "omar"]' }]),
    );
    expect(groups).not.toContain('engineering');
  });

  test('lets nobody into a group that was deleted meanwhile', async () => {
    const groups = await overtaken((of) => of.groups().remove(sync, 'engineering'));
    expect(groups).not.toContain('engineering');
  });
});

test('machines stay in a group of which a provider sends all members', async () => {
  const { ledger, groups } = await directory();
  const body = GroupBody.parse({ schemas: [groupSchema.id], displayName: 'triage-agents' });
  expect((await groups().read('triage-agents', true)).members?.people).toEqual([]);
  await groups().replace(sync, 'triage-agents', body);
  expect((await ledger.read(principalType, 'triage-bot'))?.entity.groups).toEqual(['triage-agents']);
  await expect(groups().patch(sync, 'triage-agents', [people('deploy-bot')])).rejects.toMatchObject({
    status: 400,
    extensions: { scimType: 'invalidValue' },
  });
});

test('a change of one member reads none of the others', async () => {
  const { ledger, groups } = await directory();
  const read: string[] = [];
  const list: typeof ledger.list = (type, { kind, name }, page) => {
    read.push(`${kind} ${name}`);
    return ledger.list(type, { kind, name }, page);
  };
  const watched = provisionGroups({ ledger: { ...ledger, list }, clock, ids: countedIds() });
  await watched.patch(sync, 'engineering', [people('omar')]);
  await watched.patch(sync, 'engineering', [{ op: 'remove', path: 'members[value eq "omar"]' }]);
  expect(read).toEqual([]);
  expect((await groups().read('engineering', true)).members?.people).toEqual(['dana', 'olga']);
});

describe('what would grow without end is refused, and changes nothing', () => {
  const tooMany = { status: 400, extensions: { scimType: 'tooMany' } };

  test('a group more of somebody who is in 80', async () => {
    const { ledger, groups } = await directory();
    const full = Array.from({ length: 80 }, (_, n) => `g${n}`);
    ledger.seed(principalType, { ...person('busy'), groups: full });
    const before = ledger.entities();
    await expect(groups().patch(sync, 'engineering', [people('busy')])).rejects.toMatchObject(tooMany);
    expect(ledger.entities()).toEqual(before);
  });

  test('a group more in groups where there are 500', async () => {
    const { ledger, groups } = await directory();
    const memberOf = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`g${n}`, ['elsewhere']]));
    ledger.seed(nestingType, { id: NESTING_ID, memberOf });
    const before = ledger.entities();
    await expect(groups().patch(sync, 'engineering', [people('ops-owners')])).rejects.toMatchObject(tooMany);
    expect(ledger.entities()).toEqual(before);
  });
});
