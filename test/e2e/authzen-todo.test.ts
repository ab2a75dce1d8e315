import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { ApiClient } from '../../demo/api-client.ts';
import { todoUsers } from '../../demo/todo-users.ts';
import type { World } from '../../demo/world.ts';
import { type AuthzenEndpoint, askByTheStandard } from '../support/authzen-schemas/authzen-schemas.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { changingNothing } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

const Recorded = z.object({
  evaluation: z.array(z.object({ request: z.looseObject({}), expected: z.boolean() })),
  evaluations: z.array(
    z.object({ request: z.looseObject({}), expected: z.array(z.object({ decision: z.boolean() })) }),
  ),
});
const recorded = join(import.meta.dirname, '../../../shared/corpus/authzen-todo-decisions.json');
const { evaluation, evaluations } = existsSync(recorded)
  ? Recorded.parse(JSON.parse(readFileSync(recorded, 'utf8')))
  : { evaluation: [], evaluations: [] };

let world: World;
/** A service of the Todo application: it asks about those who use it. */
let application: ApiClient;

beforeAll(async () => {
  world = await worldUnderTest();
  application = await world.as('ticketing-api');
});
afterAll(() => world.stop());

async function ask(endpoint: AuthzenEndpoint, request: object) {
  const { status, body } = await askByTheStandard(application, endpoint, request);
  expect(status).toBe(200);
  return body;
}

describe.skipIf(!existsSync(recorded))('the interoperability decisions recorded elsewhere', () => {
  it.each(evaluation.map((one, place) => [place, one] as const))(
    'number %i is as recorded, alone and from the endpoint for several',
    async (_place, { request, expected }) => {
      expect((await ask('evaluation', request)).decision).toBe(expected);
      expect((await ask('evaluations', request)).decision).toBe(expected);
    },
  );

  it('are as recorded, all in one request', async () => {
    const body = await ask('evaluations', { evaluations: evaluation.map(({ request }) => request) });
    expect(body.evaluations.map(({ decision }: { decision: boolean }) => decision)).toEqual(
      evaluation.map(({ expected }) => expected),
    );
  });

  it.each(evaluations.map((one, place) => [place, one] as const))(
    'number %i of several is as recorded',
    async (_place, { request, expected }) => {
      expect(await ask('evaluations', request)).toMatchObject({ evaluations: expected });
    },
  );
});

const [rick, morty, , beth] = todoUsers.map(({ id }) => ({ type: 'user', id }));
const mortysTodo = { type: 'todo', id: '1', properties: { ownerID: 'morty@the-citadel.com' } };
const anAction = { name: 'can_delete_todo' };

describe('several evaluations', () => {
  const three = {
    action: anAction,
    resource: mortysTodo,
    evaluations: [{ subject: rick }, { subject: beth }, { subject: morty }],
  };

  it.each<[string, object, boolean[]]>([
    ['are all answered, in their order', {}, [true, false, true]],
    ['are, where that is said', { evaluations_semantic: 'execute_all', another: 1 }, [true, false, true]],
    ['end with the first denial', { evaluations_semantic: 'deny_on_first_deny' }, [true, false]],
    ['end with the first permit', { evaluations_semantic: 'permit_on_first_permit' }, [true]],
  ])('%s', async (_what, options, expected) => {
    const body = await changingNothing(world.sallyport, () => ask('evaluations', { ...three, options }));
    expect(body.evaluations.map(({ decision }: { decision: boolean }) => decision)).toEqual(expected);
    expect(Object.keys(body)).toEqual(['evaluations']);
  });

  it.each<[string, object]>([
    ['in a way that there is not', { ...three, options: { evaluations_semantic: 'first_applicable' } }],
    ['in a way that is no text', { ...three, options: { evaluations_semantic: 1 } }],
    ['that are no list', { ...three, evaluations: {} }],
    ['with a default that is a text', { ...three, subject: 'rick' }],
    ['with a default whose id is a number', { ...three, subject: { type: 'user', id: 1 } }],
    ['of which there are none, without a subject', { ...three, evaluations: [] }],
    ['of which there are more than a hundred', { ...three, evaluations: Array(101).fill({ subject: rick }) }],
  ])('are refused %s', async (_what, body) => {
    const answer = await application.post('/access/v1/evaluations', body);
    expectProblem(answer, 400, 'invalid-request');
  });

  it('are one evaluation where their list is empty', async () => {
    const body = await ask('evaluations', { ...three, subject: rick, evaluations: [] });
    expect(body).toMatchObject({ decision: true, context: { policies: ['todo-admins-delete'] } });
  });

  it('may be a hundred', async () => {
    const hundred = Array.from({ length: 100 }, (_, place) => ({ subject: place % 2 === 0 ? rick : beth }));
    const body = await ask('evaluations', { ...three, evaluations: hundred });
    expect(body.evaluations.map(({ decision }: { decision: boolean }) => decision)).toEqual(
      hundred.map(({ subject }) => subject === rick),
    );
  });
});

describe('a search', () => {
  it('finds who may do something, page by page', async () => {
    const request = { subject: { type: 'user' }, action: anAction, resource: mortysTodo };
    const first = await ask('search/subject', { ...request, page: { limit: 1 } });
    const second = await ask('search/subject', { ...request, page: { token: first.page.next_token } });
    expect([first.results.length, second.page.next_token]).toEqual([1, '']);
    expect([...first.results, ...second.results]).toEqual(expect.arrayContaining([rick, morty]));
  });

  it('finds what somebody may do', async () => {
    expect(await ask('search/action', { subject: beth, resource: mortysTodo })).toEqual({
      results: [{ name: 'can_read_todos' }],
      page: { next_token: '' },
    });
  });

  it('finds for oneself what one may do something with, and no more than is asked for', async () => {
    const engineer = await world.as('engineer');
    const request = {
      subject: { type: 'user', id: 'engineer' },
      action: { name: 'tickets:read' },
      resource: { type: 'target' },
    };
    const first = await askByTheStandard(engineer, 'search/resource', { ...request, page: { limit: 1 } });
    expect(first.body.results).toHaveLength(1);
    const { body } = await askByTheStandard(engineer, 'search/resource', request);
    expect(body.results).toEqual(
      expect.arrayContaining([
        { type: 'target', id: 'ticketing-ops' },
        { type: 'target', id: 'ticketing-web' },
      ]),
    );
  });

  it.each<[string, AuthzenEndpoint, object]>([
    ['about others', 'search/action', { subject: rick, resource: mortysTodo }],
    [
      'for everybody who may do something',
      'search/subject',
      { subject: { type: 'user' }, action: anAction, resource: mortysTodo },
    ],
  ])('%s is for enforcement points', async (_what, endpoint, request) => {
    const answer = await askByTheStandard(await world.as('engineer'), endpoint, request);
    expectProblem(answer, 403, 'not-an-enforcement-point');
  });

  it('does not go on from what is no token of its own', async () => {
    const request = { subject: { type: 'user' }, action: anAction, resource: mortysTodo };
    const { page } = await ask('search/subject', { ...request, page: { limit: 1 } });
    const others = [
      { ...request, action: { name: 'can_read_todos' }, page: { token: page.next_token } },
      { ...request, page: { token: `${page.next_token}x` } },
      { ...request, page: { token: 'made-up' } },
    ];
    for (const body of others)
      expectProblem(await application.post('/access/v1/search/subject', body), 400, 'invalid-request');
  });
});
