import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../../demo/api-client.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import {
  agentOf,
  ask,
  caseOf,
  claim,
  commentRequest,
  decide,
  readRequest,
  taskOf,
} from '../../support/access-path.ts';
import { expectProblem } from '../../support/problem-expectations.ts';
import { changingNothing, executionStatusOf } from '../../support/system-state.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let world: EmbeddedWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

describe('an approval that nobody decides', () => {
  it('expires when its time is over, and cannot be decided afterwards', async () => {
    const access = await ask(world, await agentOf(world), commentRequest);
    await world.leap(DAY);
    const lateOwner = await world.as('owner');
    const answer = await changingNothing(world.sallyport, () => decide(world, lateOwner, access));
    expectProblem(answer, 409, 'approval-over');
    const late = { ...access, requester: await agentOf(world) };
    expect(await taskOf(late)).toMatchObject({ status: 'expired', reason: 'approval_timed_out' });
    expectProblem(await claim(late), 404, 'not-found');
    expect(await executionStatusOf(world.sallyport, access.requestId)).toBe('SUCCEEDED');
    expect((await lateOwner.get('/v1/approvals')).body.approvals).toEqual([]);
  });
});

describe('what follows from a denial', () => {
  const REQUESTS = '/access/v1/requests';
  const error = (name: string) => `urn:openid:authzen:access-request:error:${name}`;
  const question = {
    subject: { type: 'user', id: 'engineer' },
    action: { name: 'tickets:comment' },
    resource: { type: 'target', id: 'ticketing-ops' },
  };
  const evaluate = async (context: object = {}) =>
    (await (await agentOf(world)).post('/access/v1/evaluation', { ...question, context })).body;
  const denialOf = async () => {
    const { evaluation_id, access_request } = (await evaluate()).context;
    const { expires_at, binding_token } = access_request;
    return { evaluation_id, expires_at, binding_token };
  };

  it('cannot be asked for when the denial is ten minutes old', async () => {
    const denial = await denialOf();
    await world.leap(10 * MINUTE);
    const agent = await agentOf(world);
    const late = await changingNothing(world.sallyport, () => agent.post(REQUESTS, { ...question, denial }));
    expectProblem(late, 410, error('expired_denial'));
  });

  it('comes to the same task for the same key, also when its denial is older than that', async () => {
    const body = { ...question, denial: await denialOf() };
    const key = { 'idempotency-key': 'an answer that was lost' };
    const first = await (await agentOf(world)).post(REQUESTS, body, key);
    await world.leap(10 * MINUTE);
    const second = await (await agentOf(world)).post(REQUESTS, body, key);
    expect([second.status, second.body.task?.id]).toEqual([202, first.body.task.id]);
  });

  it('is permitted as long as it was approved for, and shown thirty days more', async () => {
    const agent = await agentOf(world);
    const { task } = (
      await agent.post(REQUESTS, {
        ...question,
        requested_access: { requested_duration: 'PT20M' },
        denial: await denialOf(),
      })
    ).body;
    await world.sallyport.settled();
    await decide(world, await world.as('owner'), caseOf(agent, task.id));
    const { approval } = (await agent.get(`${REQUESTS}/${task.id}`)).body.result;
    await world.leap(19 * MINUTE);
    expect((await evaluate({ approval })).decision).toBe(true);
    await world.leap(MINUTE);
    expect(await evaluate({ approval })).toMatchObject({
      decision: false,
      context: { reason: 'approval_not_applicable' },
    });

    await world.leap(30 * DAY - 10 * MINUTE);
    expect((await (await agentOf(world)).get(`${REQUESTS}/${task.id}`)).status).toBe(200);
    await world.leap(10 * MINUTE);
    const later = await agentOf(world);
    for (const look of [
      () => later.get(`${REQUESTS}/${task.id}`),
      () => later.post(`${REQUESTS}/${task.id}/cancel`),
    ])
      expectProblem(await changingNothing(world.sallyport, look), 410, error('task_expired'));
  });
});

describe('a token', () => {
  it('is accepted for a quarter of an hour', async () => {
    const expiring = await world.token('engineer');
    const client = new ApiClient(world.sallyport.apiUrl, expiring);
    await world.leap(14 * MINUTE);
    expect((await client.get('/v1/grants')).status).toBe(200);
    await world.leap(MINUTE);
    const answer = await changingNothing(world.sallyport, () =>
      client.post('/v1/access-requests', readRequest),
    );
    expectProblem(answer, 401, 'invalid_token');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
  });
});

describe('an Idempotency-Key', () => {
  it('is forgotten after a day', async () => {
    const key = { 'idempotency-key': 'a day' };
    const first = await (await world.as('engineer')).post('/v1/access-requests', readRequest, key);
    await world.leap(DAY);
    const engineer = await world.as('engineer');
    const next = await engineer.post('/v1/access-requests', { ...readRequest, duration: 'PT2H' }, key);
    expect([next.status, next.body.task.id === first.body.task.id]).toEqual([202, false]);
  });
});

describe('a list', () => {
  it('gives the newest grants first', async () => {
    const engineer = await world.as('engineer');
    for (let round = 0; round < 6; round += 1) {
      const posted = Array.from({ length: 5 }, () => engineer.post('/v1/access-requests', readRequest));
      // A step that is tried again is not waited for by a leap.
      for (const { body } of await Promise.all(posted))
        await engineer.follow(body.task.id, ({ status }) => status !== 'pending');
      await world.leap(MINUTE);
    }
    const { body } = await engineer.get('/v1/grants?limit=30');
    const activated = body.grants.map((grant: { activated_at: string }) => Date.parse(grant.activated_at));
    const earliest = Math.min(...activated);
    const minutes = activated.map((time: number) => Math.round((time - earliest) / MINUTE));
    expect(minutes).toEqual([5, 4, 3, 2, 1, 0].flatMap((minute) => Array(5).fill(minute)));
  });

  it('is refused with a cursor that is too old', async () => {
    const engineer = await world.as('engineer');
    const { cursor } = (await engineer.get('/v1/grants?limit=1')).body;
    await world.leap(DAY + 1000);
    const later = await world.as('engineer');
    const answer = await later.get(`/v1/grants?cursor=${encodeURIComponent(cursor)}`);
    expectProblem(answer, 400, 'invalid-request');
  });
});
