import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../demo/api-client.ts';
import { startWorld, type World } from '../../demo/world.ts';
import { agentOf, commentRequest, readRequest } from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';

const GRANTS = 30;
const MINUTE = 60_000;

let world: World;
let engineer: ApiClient;
let owner: ApiClient;

beforeAll(async () => {
  world = await startWorld();
  engineer = await world.as('engineer');
  owner = await world.as('owner');
  const agent = await agentOf(world);
  for (let granted = 0; granted < GRANTS; granted += 5) {
    await Promise.all(Array.from({ length: 5 }, () => engineer.post('/v1/access-requests', readRequest)));
    await world.leap(MINUTE);
  }
  await Promise.all(Array.from({ length: 4 }, () => agent.post('/v1/access-requests', commentRequest)));
  await world.runtime.settled();
});
afterAll(() => world.stop());

/** The ids on each page, following the cursors to the end. */
async function pagesOf(
  client: ApiClient,
  path: string,
  member: 'grants' | 'approvals' | 'events',
  limit: number,
) {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const { status, body } = await client.get(
      `${path}?limit=${limit}${cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    expect(status).toBe(200);
    pages.push(body[member].map((item: { id?: string; hash: string }) => item.id ?? item.hash));
    cursor = body.cursor;
  } while (cursor !== undefined && pages.length < 100);
  return pages;
}

describe('paging', () => {
  it.each([7, 10, 30, 100])(`through ${GRANTS} grants, %i at a time, gives each once`, async (limit) => {
    const pages = await pagesOf(engineer, '/v1/grants', 'grants', limit);
    expect(pages.every((page) => page.length <= limit)).toBe(true);
    expect(pages.flat()).toHaveLength(GRANTS);
    expect(new Set(pages.flat()).size).toBe(GRANTS);
  });

  it('gives the newest grants first', async () => {
    const { body } = await engineer.get('/v1/grants?limit=100');
    const minutes = body.grants.map((grant: { activated_at: string }) =>
      Math.round((Date.parse(grant.activated_at) - Date.parse(body.grants.at(-1).activated_at)) / MINUTE),
    );
    expect(minutes).toEqual([5, 4, 3, 2, 1, 0].flatMap((minute) => Array(5).fill(minute)));
  });

  it('gives 25 where no limit is named', async () => {
    expect((await engineer.get('/v1/grants')).body.grants).toHaveLength(25);
  });

  it.each([1, 3, 100])('through the approvals that wait, %i at a time, gives each once', async (limit) => {
    const found = (await pagesOf(owner, '/v1/approvals', 'approvals', limit)).flat();
    expect(found).toHaveLength(4);
    expect(new Set(found).size).toBe(4);
  });

  it('through the events of a chain gives each once', async () => {
    const { body } = await engineer.get('/v1/grants?limit=1');
    const [{ request }] = body.grants;
    const whole = (await pagesOf(engineer, `/v1/audit/${request}`, 'events', 100)).flat();
    expect((await pagesOf(engineer, `/v1/audit/${request}`, 'events', 2)).flat()).toEqual(whole);
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

  it('with a cursor that is too old', async () => {
    const cursor = await firstCursor(engineer, '/v1/grants');
    await world.leap(24 * 3_600_000 + 1000);
    const later = await world.as('engineer');
    expectProblem(await withCursor(later, '/v1/grants', cursor), 400, 'invalid-request');
  });
});
