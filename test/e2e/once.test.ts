import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import {
  agentOf,
  approvedForAgent,
  ask,
  caseOf,
  claim,
  claimToken,
  commentRequest,
  giveBack,
  grantedToEngineer,
  grantOf,
  isActive,
  readRequest,
  verifiedEvents,
} from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { changingNothing, executionsOf, statesEntered } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

const AT_ONCE = 20;
/** A key is remembered for a day: another run must not meet it. */
const ofThisRun = `of ${randomUUID()}`;

let world: World;
let engineer: ApiClient;

beforeAll(async () => {
  world = await worldUnderTest();
  engineer = await world.as('engineer');
});
afterAll(() => world.stop());

/** The same call by the same caller, all on their way before the first one is answered. */
const atOnce = (times: number, call: () => Promise<ApiAnswer>): Promise<ApiAnswer[]> =>
  Promise.all(Array.from({ length: times }, call));

const numberOf = (answers: readonly ApiAnswer[], status: number) =>
  answers.filter((answer) => answer.status === status).length;

describe('an Idempotency-Key', () => {
  const submit = (client: ApiClient, key: string, body: object = readRequest) =>
    client.post('/v1/access-requests', body, { 'idempotency-key': `${key} ${ofThisRun}` });

  it('with the same body gives the same task, and one execution', async () => {
    const first = await submit(engineer, 'same');
    const again = await changingNothing(world.sallyport, () => submit(engineer, 'same'));
    expect(again).toMatchObject({ status: 202, body: { task: { id: first.body.task.id } } });
    const sameInOtherOrder = Object.fromEntries(Object.entries(readRequest).reverse());
    const reordered = await submit(engineer, 'same', sameInOtherOrder);
    expect(reordered.body.task.id).toBe(first.body.task.id);
    const started = (await executionsOf(world.sallyport)).filter(({ name }) => name === first.body.task.id);
    expect(started).toHaveLength(1);
  });

  it('with another body is refused as a duplicate', async () => {
    await submit(engineer, 'another body');
    const answer = await changingNothing(world.sallyport, () =>
      submit(engineer, 'another body', { ...readRequest, duration: 'PT2H' }),
    );
    expectProblem(answer, 409, 'urn:openid:authzen:access-request:error:duplicate_request');
  });

  it('is the caller’s own: of somebody else, or of their agent, it is another', async () => {
    const agent = await agentOf(world);
    const machine = await world.as('deploy-bot');
    const answers = await Promise.all([engineer, agent, machine].map((client) => submit(client, 'shared')));
    expect(new Set(answers.map(({ body }) => body.task.id)).size).toBe(3);
  });

  it('without one, the same body is another request each time', async () => {
    const answers = await atOnce(2, () => engineer.post('/v1/access-requests', readRequest));
    expect(new Set(answers.map(({ body }) => body.task.id)).size).toBe(2);
  });

  it(`makes one request of ${AT_ONCE} that come at once`, async () => {
    await world.sallyport.settled();
    const before = (await executionsOf(world.sallyport)).length;
    const answers = await atOnce(AT_ONCE, () => submit(engineer, 'at once'));
    await world.sallyport.settled();
    expect(numberOf(answers, 202)).toBe(AT_ONCE);
    const ids = new Set(answers.map(({ body }) => body.task.id));
    expect(ids.size).toBe(1);
    expect(await executionsOf(world.sallyport)).toHaveLength(before + 1);
    const [requestId = ''] = ids;
    const events = await verifiedEvents(world, requestId);
    expect(events.filter((type) => type === 'request.submitted')).toHaveLength(1);
    expect(await grantOf(caseOf(engineer, requestId))).toMatchObject({ status: 'active' });
  });
});

describe('a credential', () => {
  it('is for the parties of its grant together, not for each of them', async () => {
    const access = await approvedForAgent(world);
    for (const persona of ['engineer', 'triage-bot', 'owner', 'ticketing-api'] as const) {
      const requester = await world.as(persona);
      const answer = await changingNothing(world.sallyport, () => claim({ ...access, requester }));
      expectProblem(answer, 404, 'not-found');
    }
  });

  it('is not to be had before its grant is active', async () => {
    const access = await ask(world, await agentOf(world), commentRequest);
    expectProblem(await changingNothing(world.sallyport, () => claim(access)), 404, 'not-found');
  });

  it('is not to be had after its grant has ended', async () => {
    const access = await grantedToEngineer(world);
    await giveBack(access);
    await world.sallyport.settled();
    expectProblem(await changingNothing(world.sallyport, () => claim(access)), 409, 'grant-ended');
  });

  it(`is delivered to one of ${AT_ONCE} claims that come at once`, async () => {
    const access = await grantedToEngineer(world);
    const answers = await atOnce(AT_ONCE, () => claim(access));
    expect(numberOf(answers, 200)).toBe(1);
    expect(numberOf(answers, 409)).toBe(AT_ONCE - 1);
    const events = await verifiedEvents(world, access.requestId);
    expect(events.filter((type) => type === 'credential.issued')).toHaveLength(1);
  });

  it('that is claimed while its grant is given back is dead, whoever was first', async () => {
    const access = await grantedToEngineer(world);
    const [claimed, returned] = await Promise.all([claim(access), giveBack(access)]);
    await world.sallyport.settled();
    expect(returned.status).toBe(202);
    if (claimed.status === 200) expect(await isActive(world, claimed.body.access_token)).toBe(false);
    else expect(claimed.status).toBe(409);
    expect(await grantOf(access)).toMatchObject({ status: 'ended', reason: 'returned' });
  });
});

describe('at the same moment', () => {
  it('giving back, several times, ends the grant once', async () => {
    const access = await grantedToEngineer(world);
    await claimToken(access);
    const answers = await atOnce(5, () => giveBack(access));
    await world.sallyport.settled();
    expect(numberOf(answers, 202)).toBe(5);
    const events = await verifiedEvents(world, access.requestId);
    for (const type of ['grant.returned', 'credential.revoked', 'grant.ended']) {
      expect(events.filter((one) => one === type)).toHaveLength(1);
    }
    const states = await statesEntered(world.sallyport, access.requestId);
    expect(states.filter((state) => state === 'RevokeCredential')).toHaveLength(1);
  });

  it('claiming as soon as a grant is active, while its hold begins, is claiming', async () => {
    const answer = await engineer.post('/v1/access-requests', readRequest);
    const access = caseOf(engineer, answer.body.task.id);
    await engineer.follow(access.requestId, (task) => task.grant?.status === 'active');
    expect((await claim(access)).status).toBe(200);
    await world.sallyport.settled();
    await verifiedEvents(world, access.requestId);
  });
});

describe('votes at once', () => {
  it('settle an approval once, and the others are told', async () => {
    const owners = await Promise.all([world.as('owner'), world.as('second-owner')]);
    for (let round = 0; round < 8; round += 1) {
      const access = await ask(world, await agentOf(world), commentRequest);
      const answers = await Promise.all(
        [...owners, ...owners].map((owner) =>
          owner.post(`/v1/approvals/${access.approvalId}/decision`, { decision: 'approve' }),
        ),
      );
      await world.sallyport.settled();
      expect(
        answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 409),
      ).toEqual([]);
      expect(
        (await verifiedEvents(world, access.requestId)).filter((type) => type === 'approval.decided'),
      ).toHaveLength(1);
    }
  });
});
