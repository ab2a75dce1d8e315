import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { type AccessCase, agentOf, ask, commentRequest, readRequest } from '../support/access-path.ts';
import { pagesOf } from '../support/pages.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

const GRANTS = 30;
const AT_ONCE = 5;
const APPROVALS = 4;

let world: World;
let engineer: ApiClient;
let owner: ApiClient;
/** The ids of what there is to list: what was made here, and what others have left. */
let all: { readonly grants: readonly string[]; readonly approvals: readonly string[] };

beforeAll(async () => {
  world = await worldUnderTest();
  engineer = await world.as('engineer');
  owner = await world.as('owner');
  const agent = await agentOf(world);
  const askedFor = async (times: number, requester: ApiClient, request: object) => {
    const cases: AccessCase[] = [];
    while (cases.length < times) {
      const some = Array.from({ length: Math.min(AT_ONCE, times - cases.length) });
      cases.push(...(await Promise.all(some.map(() => ask(world, requester, request)))));
    }
    return cases;
  };
  const left = {
    grants: (await idsOf(engineer, '/v1/grants', 'grants', 100)).flat(),
    approvals: (await idsOf(owner, '/v1/approvals', 'approvals', 100)).flat(),
  };
  const read = await askedFor(GRANTS, engineer, readRequest);
  const asked = await askedFor(APPROVALS, agent, commentRequest);
  all = {
    grants: [...left.grants, ...read.map(({ grantId }) => grantId)],
    approvals: [...left.approvals, ...asked.map(({ approvalId }) => approvalId)],
  };
});
afterAll(() => world.stop());

/** The ids on each page. */
const idsOf = async (...list: Parameters<typeof pagesOf>): Promise<string[][]> =>
  (await pagesOf(...list)).map((page) => page.map(({ id, hash }) => id ?? hash));

function expectEachOnce(listed: readonly string[], ids: readonly string[]): void {
  expect(listed.toSorted()).toEqual(ids.toSorted());
}

describe('paging', () => {
  it.each([7, 10, 30, 100])(`through ${GRANTS} grants, %i at a time, gives each once`, async (limit) => {
    const pages = await idsOf(engineer, '/v1/grants', 'grants', limit);
    expect(pages.every((page) => page.length <= limit)).toBe(true);
    expectEachOnce(pages.flat(), all.grants);
  });

  it('gives 25 where no limit is named', async () => {
    expect((await engineer.get('/v1/grants')).body.grants).toHaveLength(25);
  });

  it.each([1, 3, 100])('through the approvals that wait, %i at a time, gives each once', async (limit) => {
    const found = (await idsOf(owner, '/v1/approvals', 'approvals', limit)).flat();
    expectEachOnce(found, all.approvals);
  });

  it('through the events of a chain gives each once', async () => {
    const { body } = await engineer.get('/v1/grants?limit=1');
    const [{ request }] = body.grants;
    const whole = (await idsOf(engineer, `/v1/audit/${request}`, 'events', 100)).flat();
    expect((await idsOf(engineer, `/v1/audit/${request}`, 'events', 2)).flat()).toEqual(whole);
  });

  it('shows nobody what is somebody else’s', async () => {
    expect((await owner.get('/v1/grants')).body).toEqual({ grants: [] });
    expect((await engineer.get('/v1/approvals')).body).toEqual({ approvals: [] });
  });
});

describe('a list is refused', () => {
  it.each(['0', '-1', '101', '1000', 'all', '1.5', '1e1', '%20', ''])(
    'with the limit "%s"',
    async (limit) => {
      for (const path of ['/v1/grants', '/v1/approvals']) {
        expectProblem(await engineer.get(`${path}?limit=${limit}`), 400, 'invalid-request');
      }
    },
  );

  it('with a limit that comes twice', async () => {
    expectProblem(await engineer.get('/v1/grants?limit=1&limit=2'), 400, 'invalid-request');
  });

  const firstCursor = async (client: ApiClient, path: string): Promise<string> =>
    (await client.get(`${path}?limit=1`)).body.cursor;

  const withCursor = (client: ApiClient, path: string, cursor: string) =>
    client.get(`${path}?cursor=${encodeURIComponent(cursor)}`);

  it('with a cursor that was changed, made up, or is too long', async () => {
    const cursor = await firstCursor(engineer, '/v1/grants');
    const middle = Math.floor(cursor.length / 2);
    const changed = `${cursor.slice(0, middle)}${cursor[middle] === 'A' ? 'B' : 'A'}${cursor.slice(middle + 1)}`;
    for (const wrong of [changed, cursor.slice(0, -4), 'cursor', '0', 'x'.repeat(1025)]) {
      expectProblem(await withCursor(engineer, '/v1/grants', wrong), 400, 'invalid-request');
    }
  });

  it('with the cursor of another caller', async () => {
    const cursor = await firstCursor(engineer, '/v1/grants');
    expectProblem(
      await withCursor(await world.as('triage-bot'), '/v1/grants', cursor),
      400,
      'invalid-request',
    );
  });

  it('with the cursor of another list', async () => {
    const cursor = await firstCursor(owner, '/v1/approvals');
    expectProblem(await withCursor(owner, '/v1/grants', cursor), 400, 'invalid-request');
  });

  it('with a status that is not listed', async () => {
    expectProblem(await owner.get('/v1/approvals?status=approved'), 400, 'invalid-request');
  });
});
