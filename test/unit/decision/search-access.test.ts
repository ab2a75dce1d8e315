import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluateAccess } from '../../../lambdas/decision/evaluate-access.step.ts';
import { type SearchAnswer, searchAccess } from '../../../lambdas/decision/search-access.step.ts';
import { invalidRequest } from '../../../lambdas/platform/problem.ts';
import type { Caller } from '../../../lambdas/verification/caller.ts';
import { type Principal, principalType } from '../../../lambdas/verification/principal.ts';
import { callerOf, dana, machine, person } from '../../support/access-case.ts';
import { type InMemoryLedger, inMemoryLedger } from '../../support/in-memory-ledger.ts';
import {
  beth,
  countingCalls,
  jerry,
  morty,
  rick,
  summer,
  todoApplication,
  todoDependencies,
  todoLedger,
} from '../../support/todo-directory.ts';

/** Readable ones, which are as good for one search alone. */
const cursors = {
  seal: async (place: string, list: string) => JSON.stringify([place, list]),
  open: async (cursor: string, list: string) => {
    const [place, of] = JSON.parse(cursor);
    if (of !== list) throw invalidRequest('The cursor is not one of this list');
    return place;
  },
};

const searchIn = (ledger: Pick<InMemoryLedger, 'read' | 'readAll' | 'list'>) =>
  searchAccess({ ...todoDependencies, ledger, cursors });
const search = searchIn(todoLedger());

const mortysTodo = { type: 'todo', id: '1', properties: { ownerID: 'morty@the-citadel.com' } };
const remove = { name: 'can_delete_todo' };
const idsOf = (people: readonly { id: string }[]) => people.map(({ id }) => id).sort();
const user = ({ id }: { id: string }) => ({ type: 'user', id });

/** All that is found, page by page, and how many pages there are. */
async function all<Result>(next: (page: { token?: string }) => Promise<SearchAnswer<Result>>) {
  const results: Result[] = [];
  let pages = 0;
  let token: string | undefined;
  do {
    const answer = await next(token === undefined ? {} : { token });
    results.push(...answer.results);
    token = answer.page.next_token;
    pages += 1;
  } while (token !== '' && pages < 1000);
  return { results, pages };
}

describe('who may do something', () => {
  test('is who is permitted by an evaluation, whatever id was sent along', async () => {
    const body = { subject: { type: 'user', id: 'ignored' }, action: remove, resource: mortysTodo };
    const { results, page } = await search.subjects(todoApplication, body);
    expect(results.every(({ type }) => type === 'user')).toBe(true);
    expect([idsOf(results), page.next_token]).toEqual([idsOf([rick, morty]), '']);
  });

  test.for<[string, string]>([
    ['a kind that there is not', 'spaceship'],
    ['a kind that nobody is of', 'workload'],
  ])('is nobody of %s', async ([, type]) => {
    const found = await search.subjects(todoApplication, {
      subject: { type },
      action: remove,
      resource: mortysTodo,
    });
    expect(found).toEqual({ results: [], page: { next_token: '' } });
  });

  test('is not told to who is no enforcement point', async () => {
    const body = { subject: { type: 'user' }, action: remove, resource: mortysTodo };
    await expect(search.subjects(callerOf(dana), body)).rejects.toMatchObject({ status: 403 });
  });

  test('leaves out who is gone', async () => {
    const ledger = todoLedger();
    ledger.seed(principalType, { ...rick, status: 'offboarded' });
    const body = { subject: { type: 'user' }, action: remove, resource: mortysTodo };
    expect(idsOf((await searchIn(ledger).subjects(todoApplication, body)).results)).toEqual([morty.id]);
  });

  test('costs as many reads for a page of a large directory as of a small one', async () => {
    const callsWith = async (people: number) => {
      const ledger = inMemoryLedger();
      for (let index = 0; index < people; index += 1) ledger.seed(principalType, person(`person-${index}`));
      const counted = countingCalls(ledger);
      await searchIn(counted.ledger).subjects(todoApplication, {
        subject: { type: 'user' },
        action: { name: 'can_read_todos' },
        resource: mortysTodo,
      });
      return counted.calls;
    };
    expect([await callsWith(3), await callsWith(1000)]).toEqual([2, 2]);
  });

  test('is the same on pages of any size, over a directory of any', async () => {
    const roles = fc.constantFrom([], ['todo-admin'], ['todo-editor'], ['todo-viewer']);
    const status = fc.constantFrom('active' as const, 'suspended' as const, 'offboarded' as const);
    const people = fc
      .array(fc.tuple(roles, status), { maxLength: 230 })
      .map((some) =>
        some.map(([has, is], index): Principal => ({ ...person(`p${index}`), roles: [...has], status: is })),
      );
    await fc.assert(
      fc.asyncProperty(people, fc.integer({ min: 1, max: 300 }), async (directory, limit) => {
        const ledger = inMemoryLedger();
        for (const one of directory) ledger.seed(principalType, one);
        const permitted = directory.filter(({ status, roles = [] }) => {
          return status === 'active' && roles.includes('todo-admin');
        });
        const { results } = await all((page) =>
          searchIn(ledger).subjects(todoApplication, {
            subject: { type: 'user' },
            action: remove,
            resource: mortysTodo,
            page: { limit, ...page },
          }),
        );
        expect(results.map(({ id }) => id).toSorted()).toEqual(idsOf(permitted));
      }),
      { numRuns: 15 },
    );
  });
});

describe('what somebody may do', () => {
  const actionsOf = async (who: Principal) =>
    (await search.actions(todoApplication, { subject: user(who), resource: mortysTodo })).results.map(
      ({ name }) => name,
    );

  test.for<[string, Principal, string[]]>([
    ['an admin', rick, ['can_create_todo', 'can_delete_todo', 'can_read_todos', 'can_update_todo']],
    [
      'an editor, with their own',
      morty,
      ['can_create_todo', 'can_delete_todo', 'can_read_todos', 'can_update_todo'],
    ],
    ['another editor', summer, ['can_create_todo', 'can_read_todos']],
    ['a viewer', jerry, ['can_read_todos']],
    ['nobody', person('nobody'), []],
  ])('%s', async ([, who, actions]) => {
    expect(await actionsOf(who)).toEqual(actions);
  });

  test.for<[string, object, object]>([
    ['with a type of thing that there is not', user(rick), { type: 'planet', id: '1' }],
    ['with a target that there is not', user(rick), { type: 'target', id: 'nowhere' }],
    ['of a kind that there is not', { type: 'spaceship', id: rick.id }, mortysTodo],
    ['of another kind than theirs', { type: 'agent', id: rick.id }, mortysTodo],
  ])('is nothing %s', async ([, subject, resource]) => {
    const body = { subject, resource } as Parameters<typeof search.actions>[1];
    expect(await search.actions(todoApplication, body)).toEqual({ results: [], page: { next_token: '' } });
  });
});

describe('with what somebody may do something', () => {
  const targets = async (caller: Caller, subject: object, action: string, page?: object) => {
    const body = { subject, action: { name: action }, resource: { type: 'target' }, page };
    return search.resources(caller, body as Parameters<typeof search.resources>[1]);
  };
  const engineer = { ...dana, groups: ['engineering'] };

  test('is told to them themselves, by what their session proves', async () => {
    const { results } = await targets(callerOf(engineer), user(engineer), 'tickets:read');
    expect(results).toEqual([
      { type: 'target', id: 'ticketing-ops' },
      { type: 'target', id: 'ticketing-web' },
    ]);
  });

  test('is not told to others', async () => {
    await expect(targets(callerOf(person('mallory')), user(rick), 'tickets:read')).rejects.toMatchObject({
      status: 403,
    });
  });

  test('is nothing of what is registered nowhere', async () => {
    const body = { subject: user(rick), action: remove, resource: { type: 'todo' } };
    expect(await search.resources(todoApplication, body)).toEqual({ results: [], page: { next_token: '' } });
  });

  test('comes on pages, each of as many as were asked for', async () => {
    const caller = callerOf(engineer);
    const { results, pages } = await all((page) =>
      targets(caller, user(engineer), 'tickets:read', { limit: 1, ...page }),
    );
    expect([results.map(({ id }) => id), pages]).toEqual([['ticketing-ops', 'ticketing-web'], 2]);
  });
});

describe('a page’s token', () => {
  const caller = callerOf(dana);
  const asked = { subject: user(dana), action: { name: 'tickets:read' }, resource: { type: 'target' } };
  const tokenOf = async () =>
    (await search.resources(caller, { ...asked, page: { limit: 1 } })).page.next_token;

  test.for<[string, Caller, object]>([
    ['with another action', caller, { action: { name: 'tickets:comment' } }],
    ['with another context', caller, { context: { requested_duration: 'PT1H' } }],
    ['with other properties', caller, { resource: { type: 'target', properties: { a: 1 } } }],
    ['for somebody else', todoApplication, {}],
  ])('is refused %s', async ([, who, changes]) => {
    const body = { ...asked, ...changes, page: { token: await tokenOf() } };
    await expect(search.resources(who, body)).rejects.toMatchObject({ status: 400 });
  });

  test('is refused in another search', async () => {
    const token = await tokenOf();
    const resource = { type: 'target', id: 'ticketing-ops' };
    await expect(
      search.actions(caller, { subject: asked.subject, resource, page: { token } }),
    ).rejects.toMatchObject({ status: 400 });
  });

  test('goes on with another limit, and from the start where it is empty', async () => {
    const page = { token: await tokenOf(), limit: 7 };
    expect((await search.resources(caller, { ...asked, page })).results).toHaveLength(1);
    expect((await search.resources(caller, { ...asked, page: { token: '' } })).results).toHaveLength(2);
  });
});

describe('a search that says too much', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(12_000)}1${'}'.repeat(12_000)}`);

  test.for<[string, object]>([
    ['in its context', { context: deep }],
    ['of its action', { action: { ...remove, properties: deep } }],
    ['in bytes', { context: { a: 'x'.repeat(9000) } }],
  ])('%s finds nothing', async ([, more]) => {
    const body = { subject: { type: 'user' }, action: remove, resource: mortysTodo, ...more };
    expect(await search.subjects(todoApplication, body)).toEqual({ results: [], page: { next_token: '' } });
  });
});

test('what is found for anybody is what an evaluation permits', async () => {
  const ledger = todoLedger();
  ledger.seed(principalType, machine('agent', 'bot', rick.id, 'triage-agents'));
  const evaluate = evaluateAccess({ ...todoDependencies, ledger });
  const subjects = [rick, morty, summer, beth, jerry].map(user).concat({ type: 'agent', id: 'bot' });
  const resources = [mortysTodo, { type: 'user', id: 'beth@the-smiths.com' }, { type: 'target', id: 'todo' }];
  for (const subject of subjects)
    for (const resource of resources) {
      const names = [
        'can_read_user',
        'can_read_todos',
        'can_create_todo',
        'can_update_todo',
        'can_delete_todo',
      ];
      const permitted: string[] = [];
      for (const name of names) {
        const { decision } = await evaluate(todoApplication, { subject, action: { name }, resource });
        if (decision) permitted.push(name);
      }
      const { results } = await searchIn(ledger).actions(todoApplication, { subject, resource });
      expect(results.map(({ name }) => name)).toEqual(permitted.toSorted());
    }
});
