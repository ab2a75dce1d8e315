import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { agentOf, caseOf, claim, decide, giveBack, verifiedEvents } from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { ProfileClient } from '../support/profile-client.ts';
import { chainOf, changingNothing, executionStatusOf } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

const REQUESTS = '/access/v1/requests';
const error = (name: string) => `urn:openid:authzen:access-request:error:${name}`;

const subject = { type: 'user', id: 'engineer' };
const onTicketing = (name: string) => ({
  subject,
  action: { name },
  resource: { type: 'target', id: 'ticketing-ops' },
});
const comment = onTicketing('tickets:comment');
/** What somebody else has left behind in the application that its own API guards. */
const cleanUp = (id: string) => ({
  subject,
  action: { name: 'can_delete_todo' },
  resource: { type: 'todo', id, properties: { ownerID: 'rick@the-citadel.com', title: 'Plumbus' } },
});

let world: World;
let agent: ApiClient;
let engineer: ApiClient;
let owner: ApiClient;
let secondOwner: ApiClient;
let enforcementPoint: ApiClient;

beforeAll(async () => {
  world = await worldUnderTest();
  [agent, engineer, owner, secondOwner, enforcementPoint] = await Promise.all([
    agentOf(world),
    world.as('engineer'),
    world.as('owner'),
    world.as('second-owner'),
    world.as('ticketing-api'),
  ]);
});
afterAll(() => world.stop());

const evaluate = async (client: ApiClient, question: object) =>
  (await client.post('/access/v1/evaluation', question)).body;

/** What a denial gives back to who follows it. */
async function denialOf(client: ApiClient, question: object) {
  const { decision, context } = await evaluate(client, question);
  expect({ decision, isRequestable: context.access_request !== undefined }).toEqual({
    decision: false,
    isRequestable: true,
  });
  const { expires_at, binding_token } = context.access_request;
  return { evaluation_id: context.evaluation_id as string, expires_at, binding_token };
}

const submit = (client: ApiClient, body: object, headers?: Record<string, string>) =>
  client.post(REQUESTS, body, headers);

async function submitted(client: ApiClient, question: object, said: object = {}) {
  const answer = await submit(client, { ...question, denial: await denialOf(client, question), ...said });
  expect(answer).toMatchObject({ status: 202 });
  await world.sallyport.settled();
  return caseOf(client, answer.body.task.id);
}

const taskOf = async (client: ApiClient, id: string) => (await client.get(`${REQUESTS}/${id}`)).body.task;

const refused = (act: () => Promise<ApiAnswer>) => changingNothing(world.sallyport, act);

describe('an agent that knows the standard, and of us the metadata alone', () => {
  it('gets from a denial to access, and loses it when it gives it back', async () => {
    const token = await world.token('triage-bot', { for: 'engineer' });
    const stranger = await ProfileClient.from(
      `${world.sallyport.apiUrl}/.well-known/authzen-configuration`,
      token,
    );

    const denied = (await stranger.evaluate(comment)).body;
    expect(denied.decision).toBe(false);
    const said = {
      context: { business_justification: 'Answer the open tickets' },
      requested_access: { requested_duration: 'PT20M' },
    };
    const { status, body } = await stranger.follow(comment, denied, said);
    expect({ status, task: body.task.status }).toEqual({ status: 202, task: 'pending' });
    await world.sallyport.settled();

    const waiting = (await stranger.status(body.task)).body.task;
    expect(waiting).toMatchObject({
      status: 'pending',
      progress: { current_step: 1, total_steps: 1, awaiting: ['ops-owners'] },
      links: { cancel: `${body.task.status_endpoint}/cancel` },
      expires_at: waiting.approval.expires_at,
    });
    const access = caseOf(agent, body.task.id);
    const seen = (await owner.get(`/v1/approvals/${access.approvalId}`)).body.approval;
    expect(seen).toMatchObject({
      justification: 'Answer the open tickets',
      duration: 'PT20M',
      permissions: ['tickets:comment'],
    });
    expect(await decide(world, owner, access)).toMatchObject({ status: 200 });

    const done = (await stranger.status(body.task)).body;
    expect(done).toMatchObject({ task: { status: 'approved' }, result: { mode: 'reevaluate' } });
    const { approval } = done.result;
    expect(Date.parse(approval.approved_until) - Date.parse(approval.approved_at)).toBe(20 * 60_000);
    const again = { ...comment, context: { approval } };
    expect((await stranger.evaluate(again)).body).toMatchObject({
      decision: true,
      context: { approval: { id: approval.id, approved_until: approval.approved_until } },
    });
    const { action: _, ...searched } = again;
    expect((await agent.post('/access/v1/search/action', searched)).body.results).toContainEqual(
      comment.action,
    );

    expect(await giveBack(access)).toMatchObject({ status: 202 });
    expect((await stranger.evaluate(again)).body).toMatchObject({
      decision: false,
      context: { reason: 'approval_not_applicable' },
    });
  });

  it('is told what may be said with a request, in a schema', async () => {
    const { context } = await evaluate(agent, comment);
    const response = await fetch(context.access_request.request_schema_url);
    expect(response.headers.get('content-type')).toBe('application/schema+json');
    expect(await response.json()).toMatchObject({
      properties: { requested_access: { properties: { emergency: {} } } },
    });
  });

  it('takes back what it does not need any more', async () => {
    const stranger = await ProfileClient.from(
      `${world.sallyport.apiUrl}/.well-known/authzen-configuration`,
      await world.token('triage-bot', { for: 'engineer' }),
    );
    const denied = (await stranger.evaluate(comment)).body;
    const { task } = (await stranger.follow(comment, denied)).body;
    expect(await stranger.cancel(task)).toMatchObject({
      status: 200,
      body: { task: { status: 'cancelled' } },
    });
  });
});

describe('a denial', () => {
  it('is requestable by an approval, not by a step-up', async () => {
    const weak = await world.as('engineer', { amr: ['pwd'] });
    const both = await evaluate(weak, onTicketing('tickets:delete'));
    expect(both.context.obligations.map(({ type }: { type: string }) => type)).toEqual([
      'step-up',
      'approval',
    ]);
    expect(both.context.access_request).toBeDefined();
    const stepUpAlone = await evaluate(weak, onTicketing('tickets:configure'));
    expect(stepUpAlone.context.obligations.map(({ type }: { type: string }) => type)).toEqual(['step-up']);
    expect(stepUpAlone.context.access_request).toBeUndefined();
  });

  it('is followed by its id as well as by its token', async () => {
    const { evaluation_id, binding_token, expires_at } = await denialOf(agent, comment);
    for (const denial of [{ evaluation_id }, { evaluation_id, expires_at }, { binding_token }])
      expect(await submit(agent, { ...comment, denial })).toMatchObject({ status: 202 });
  });

  it.each<[string, (denial: Record<string, string>) => object]>([
    ['of nothing', () => ({})],
    ['of another action', () => ({ action: { name: 'tickets:read' } })],
    ['of another resource', () => ({ resource: { type: 'target', id: 'ticketing-web' } })],
    [
      'with another expiry',
      ({ evaluation_id }) => ({
        denial: { evaluation_id, expires_at: '2099-01-01T00:00:00Z' },
      }),
    ],
    [
      'with a token that was changed',
      ({ binding_token }) => ({
        denial: { binding_token: `${binding_token}A` },
      }),
    ],
    [
      'with the id of another one',
      ({ binding_token }) => ({
        denial: { binding_token, evaluation_id: 'other.one' },
      }),
    ],
  ])('cannot be followed %s', async (what, change) => {
    const denial = await denialOf(agent, comment);
    const body = what === 'of nothing' ? comment : { ...comment, denial, ...change(denial) };
    expectProblem(await refused(() => submit(agent, body)), 400, error('invalid_denial_binding'));
  });

  it('that was none cannot be followed: a permit, a final denial', async () => {
    for (const name of ['tickets:read', 'tickets:delete']) {
      const { context } = await evaluate(agent, onTicketing(name));
      const denial = { evaluation_id: context.evaluation_id, expires_at: context.evaluated_at };
      const answer = await refused(() => submit(agent, { ...onTicketing(name), denial }));
      expectProblem(answer, 400, error('not_requestable'));
    }
  });

  it('is for who was denied: not for the person without the agent, nor for somebody else', async () => {
    const denial = await denialOf(agent, comment);
    const alone = await refused(() => submit(engineer, { ...comment, denial }));
    expectProblem(alone, 400, error('invalid_denial_binding'));
    const other = await refused(() => submit(owner, { ...comment, denial }));
    expectProblem(other, 403, 'not-the-subject');
  });

  it('is followed by who acts in its own right, also where it names itself as the actor', async () => {
    const self = await world.as('triage-bot');
    const actor = { type: 'agent', id: 'triage-bot' };
    const asked = { ...comment, subject: actor };
    const denial = await denialOf(self, asked);
    expect(await submit(self, { ...asked, denial, client: { actor } })).toMatchObject({ status: 202 });
    const other = { ...asked, denial, client: { actor: { id: 'deploy-bot' } } };
    expectProblem(await refused(() => submit(self, other)), 403, 'actor-not-proven');
  });

  it.each([
    ['another actor', { id: 'deploy-bot' }],
    ['a kind that it is not', { id: 'triage-bot', type: 'workload' }],
    ['somebody behind it', { id: 'triage-bot', act: { sub: 'deploy-bot' } }],
  ])('is not followed for %s than the token proves', async (_whom, actor) => {
    const body = { ...comment, denial: await denialOf(agent, comment), client: { actor } };
    expectProblem(await refused(() => submit(agent, body)), 403, 'actor-not-proven');
  });
});

describe('a request is refused', () => {
  it.each<[string, object]>([
    ['for no subject', { subject: undefined }],
    ['for one resource and items', { items: [{ resource: comment.resource, action: comment.action }] }],
    ['for no action', { action: undefined }],
    ['for no items', { resource: undefined, action: undefined, items: [] }],
    [
      'for more items than anybody reads',
      {
        resource: undefined,
        action: undefined,
        items: Array(21).fill({ resource: comment.resource, action: comment.action }),
      },
    ],
    ['until what is over', { requested_access: { requested_until: '2020-01-01T00:00:00Z' } }],
    [
      'for a time and until one',
      { requested_access: { requested_duration: 'PT1M', requested_until: '2099-01-01T00:00:00Z' } },
    ],
    ['for longer than there is', { requested_access: { requested_duration: 'PT9H' } }],
    ['for no duration', { requested_access: { requested_duration: 'a while' } }],
  ])('%s', async (_what, change) => {
    const body = { ...comment, denial: await denialOf(agent, comment), ...change };
    expectProblem(await refused(() => submit(agent, body)), 400, 'invalid-request');
  });

  it('with a key that stands for another one; the same comes to the same', async () => {
    const headers = { 'idempotency-key': `key-${crypto.randomUUID()}` };
    const body = { ...comment, denial: await denialOf(agent, comment) };
    const first = await submit(agent, body, headers);
    const second = await submit(agent, body, headers);
    expect(second.body.task.id).toBe(first.body.task.id);
    const other = { ...body, requested_access: { emergency: true } };
    const answer = await refused(() => submit(agent, other, headers));
    expectProblem(answer, 409, error('duplicate_request'));
  });
});

describe('a request for a thing that an enforcement point guards', () => {
  const session = async () => {
    const [, claims = ''] = (await world.token('engineer')).split('.');
    return JSON.parse(Buffer.from(claims, 'base64url').toString()).sid as string;
  };
  const seenBy = async (question: { subject: object }) => ({
    ...question,
    subject: { ...question.subject, properties: { session: await session() } },
  });

  it('is approved, granted and permitted for that thing alone; there is nothing to claim', async () => {
    const question = cleanUp('todo-7');
    const denial = await denialOf(enforcementPoint, await seenBy(question));
    // The enforcement point passes the denial on; who was denied asks.
    const answer = await submit(engineer, {
      ...question,
      denial,
      requested_access: { emergency: true },
    });
    expect(answer).toMatchObject({ status: 202 });
    await world.sallyport.settled();
    const access = caseOf(engineer, answer.body.task.id);
    const seen = (await owner.get(`/v1/approvals/${access.approvalId}`)).body.approval;
    expect(seen).toMatchObject({
      target: 'todo',
      resource: { type: 'todo', id: 'todo-7', properties: { ownerID: 'rick@the-citadel.com' } },
      permissions: ['can_delete_todo'],
      emergency: true,
    });
    await decide(world, owner, access);
    const { body } = await engineer.get(`${REQUESTS}/${access.requestId}`);
    expect(body.task).toMatchObject({ status: 'approved', requested: { emergency: true } });

    const { approval } = body.result;
    const reevaluated = async (id: string, properties = question.resource.properties) =>
      evaluate(enforcementPoint, {
        ...(await seenBy(question)),
        resource: { type: 'todo', id, properties },
        context: { approval },
      });
    expect(await reevaluated('todo-7')).toMatchObject({
      decision: true,
      context: { policies: ['todo-engineers-clean-up'], approval: { id: approval.id } },
    });
    expect((await reevaluated('todo-8')).decision).toBe(false);
    const described = { ...question.resource.properties, ownerID: 'erin@example.com' };
    expect((await reevaluated('todo-7', described)).decision).toBe(false);
    expectProblem(await refused(() => claim(access)), 409, 'nothing-to-claim');
    await giveBack(access);
    expect((await reevaluated('todo-7')).decision).toBe(false);
  });

  it('is asked for by an agent that its gateway has refused a tool', async () => {
    const [, claims = ''] = (await world.token('triage-bot', { for: 'engineer' })).split('.');
    const { sid, channel } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    const { body } = await enforcementPoint.post('/mcp/authorize', {
      server: 'targets',
      subject: { ...subject, properties: { session: sid, channel, actors: ['triage-bot'] } },
      request: {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'act', arguments: { target: 'ticketing-ops', action: 'tickets:comment' } },
      },
    });
    expect(body.decision).toBe(false);
    const { evaluation_id, access_request } = body.error.data;
    const denial = { evaluation_id, expires_at: access_request.expires_at };
    expect(await submit(agent, { ...comment, denial })).toMatchObject({ status: 202 });
  });

  it('must describe it as it was when it was denied', async () => {
    const question = cleanUp('todo-9');
    const denial = await denialOf(enforcementPoint, await seenBy(question));
    const other = { ...question.resource, properties: { ownerID: 'erin@example.com' } };
    const answer = await refused(() => submit(engineer, { ...question, resource: other, denial }));
    expectProblem(answer, 400, error('invalid_denial_binding'));
  });

  it('is taken without a denial before it, too', async () => {
    const body = {
      target: 'todo',
      permissions: ['can_delete_todo'],
      duration: 'PT10M',
      justification: 'Nobody wants it',
    };
    const resource = { type: 'todo', id: 'todo-10' };
    const { task } = (await engineer.post('/v1/access-requests', { ...body, resource })).body;
    await world.sallyport.settled();
    expect(await taskOf(engineer, task.id)).toMatchObject({ state: 'awaiting_approval', resource });
    const elsewhere = { ...body, resource: { type: 'planet', id: 'todo-10' } };
    const answer = await refused(() => engineer.post('/v1/access-requests', elsewhere));
    expectProblem(answer, 400, 'invalid-request');
  });
});

describe('an approval that is shown counts for nothing', () => {
  it('where it is somebody else’s, of something else, or none', async () => {
    const access = await submitted(agent, comment);
    await decide(world, owner, access);
    const { approval } = (await taskOf(agent, access.requestId)).result;
    const shown = (client: ApiClient, question: object, with_: unknown = approval) =>
      evaluate(client, { ...question, context: { approval: with_ } });
    expect((await shown(agent, comment)).decision).toBe(true);
    expect((await shown(agent, onTicketing('tickets:delete'))).decision).toBe(false);
    const web = { ...comment, resource: { type: 'target', id: 'ticketing-web' } };
    expect((await shown(agent, web)).decision).toBe(false);
    for (const wrong of [
      { id: 'grant-none' },
      { id: 7 },
      'grant',
      {},
      [],
      { ...approval, id: access.requestId },
    ])
      expect(await shown(agent, comment, wrong)).toMatchObject({
        decision: false,
        context: { reason: 'approval_not_applicable', access_request: {} },
      });
    const own = onTicketing('tickets:delete');
    const answer = await shown(engineer, own);
    expect(answer).toMatchObject({ decision: false, context: { reason: 'approval_not_applicable' } });
    expect(answer.context.approval).toBeUndefined();
  });
});

describe('several that are asked for together', () => {
  const deletion = onTicketing('tickets:delete');

  async function together(questions: readonly { action: object; resource: object }[], said: object = {}) {
    const items = await Promise.all(
      questions.map(async ({ action, resource }) => ({
        action,
        resource,
        denial: await denialOf(engineer, { subject, action, resource }),
      })),
    );
    return { subject, items, ...said };
  }

  const todos = ['todo-20', 'todo-21'].map((id) => ({
    subject,
    action: { name: 'can_delete_todo' },
    resource: { type: 'todo', id },
  }));

  it('are one task, each item of which says how it went', async () => {
    const answer = await submit(engineer, await together([deletion, ...todos]));
    expect(answer).toMatchObject({ status: 202, body: { task: { status: 'pending', items: [{}, {}, {}] } } });
    await world.sallyport.settled();
    const { task } = answer.body;
    const [one, two, three] = task.items.map(({ request }: { request: string }) => caseOf(engineer, request));
    await decide(world, owner, two);
    await decide(world, owner, three, { decision: 'deny' });
    expect((await taskOf(engineer, task.id)).status).toBe('pending');
    await decide(world, owner, one);
    await decide(world, secondOwner, one);
    const over = await taskOf(engineer, task.id);
    expect(over).toMatchObject({
      status: 'partial',
      items: [
        { status: 'approved', action: { name: 'tickets:delete' }, result: { mode: 'reevaluate' } },
        { status: 'approved', resource: { id: 'todo-20' } },
        { status: 'denied', reason: 'approval_denied' },
      ],
    });
    const { approval } = over.items[0].result;
    expect((await evaluate(engineer, { ...deletion, context: { approval } })).decision).toBe(true);
    expect(await verifiedEvents(world, task.id)).toEqual(['requests.submitted']);
  });

  it('are taken back together: what is settled stays', async () => {
    const { task } = (await submit(engineer, await together(todos))).body;
    await world.sallyport.settled();
    const [first, second] = task.items.map(({ request }: { request: string }) => caseOf(engineer, request));
    await decide(world, owner, first);
    const { status, body } = await engineer.post(`${REQUESTS}/${task.id}/cancel`);
    expect(status).toBe(200);
    expect(body.task).toMatchObject({
      status: 'partial',
      items: [{ status: 'approved' }, { status: 'cancelled' }],
    });
    await world.sallyport.settled();
    expect(await executionStatusOf(world.sallyport, second.requestId)).toBe('SUCCEEDED');
    const again = await refused(() => engineer.post(`${REQUESTS}/${task.id}/cancel`));
    expectProblem(again, 409, error('invalid_task_state'));
  });

  it('come to the same when they are sent again', async () => {
    const headers = { 'idempotency-key': `key-${crypto.randomUUID()}` };
    const body = await together(todos);
    const [one, two] = [await submit(engineer, body, headers), await submit(engineer, body, headers)];
    expect(two.body.task.items).toEqual(one.body.task.items);
  });

  it('each need a denial of their own', async () => {
    const { items } = await together(todos);
    const [first, second] = items;
    const { denial: _, ...undenied } = second ?? {};
    const without = { subject, items: [first, undenied] };
    const answer = await refused(() => submit(engineer, without));
    expectProblem(answer, 400, error('invalid_denial_binding'));
    const covered = { subject, items: [undenied], denial: second?.denial };
    expect((await submit(engineer, covered)).status).toBe(202);
  });

  it('are nobody else’s to see or take back', async () => {
    const { task } = (await submit(engineer, await together(todos))).body;
    await world.sallyport.settled();
    for (const stranger of [owner, agent]) {
      expectProblem(await refused(() => stranger.get(`${REQUESTS}/${task.id}`)), 404, error('unknown_task'));
      expectProblem(
        await refused(() => stranger.post(`${REQUESTS}/${task.id}/cancel`)),
        404,
        error('unknown_task'),
      );
    }
  });
});

describe('a request that is taken back', () => {
  it('while it waits for its approval, is over: nobody is asked, nothing runs', async () => {
    const access = await submitted(agent, comment);
    const answer = await agent.post(`${REQUESTS}/${access.requestId}/cancel`, {
      comment: 'Found another way',
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { task: { status: 'cancelled', state: 'cancelled', approval: { status: 'cancelled' } } },
    });
    await world.sallyport.settled();
    expect(await executionStatusOf(world.sallyport, access.requestId)).toBe('SUCCEEDED');
    expectProblem(await refused(() => decide(world, owner, access)), 409, 'approval-over');
    const again = await refused(() => agent.post(`${REQUESTS}/${access.requestId}/cancel`));
    expectProblem(again, 409, error('invalid_task_state'));
    const events = await chainOf(world.sallyport, access.requestId);
    expect(events.at(-1)).toMatchObject({
      type: 'request.cancelled',
      details: { comment: 'Found another way' },
    });
    expect(await verifiedEvents(world, access.requestId)).toContain('request.cancelled');
  });

  it('while it waits for a step-up, is over', async () => {
    const weak = await world.as('engineer', { amr: ['pwd'] });
    const access = await submitted(weak, onTicketing('tickets:delete'));
    expect(await taskOf(weak, access.requestId)).toMatchObject({ state: 'awaiting_step_up' });
    expect(await weak.post(`${REQUESTS}/${access.requestId}/cancel`)).toMatchObject({ status: 200 });
    await world.sallyport.settled();
    expect(await executionStatusOf(world.sallyport, access.requestId)).toBe('SUCCEEDED');
  });

  it('cannot be, once it is granted', async () => {
    const access = await submitted(agent, comment);
    await decide(world, owner, access);
    const answer = await refused(() => agent.post(`${REQUESTS}/${access.requestId}/cancel`));
    expectProblem(answer, 409, error('invalid_task_state'));
  });

  it('is taken back by its parties only', async () => {
    const access = await submitted(engineer, onTicketing('tickets:delete'));
    for (const stranger of [owner, agent]) {
      const answer = await refused(() => stranger.post(`${REQUESTS}/${access.requestId}/cancel`));
      expectProblem(answer, 404, error('unknown_task'));
    }
    expectProblem(
      await refused(() =>
        new ApiClient(world.sallyport.apiUrl).post(`${REQUESTS}/${access.requestId}/cancel`),
      ),
      401,
      'no-token',
    );
  });
});
