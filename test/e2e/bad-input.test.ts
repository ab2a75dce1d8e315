import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { agentOf, ask, commentRequest, decide, readRequest } from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { changingNothing } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

let world: World;
let engineer: ApiClient;

beforeAll(async () => {
  world = await worldUnderTest();
  engineer = await world.as('engineer');
});
afterAll(() => world.stop());

async function expectRefused(
  act: () => Promise<ApiAnswer>,
  status: number,
  type = 'invalid-request',
): Promise<ApiAnswer> {
  const answer = await changingNothing(world.sallyport, act);
  expectProblem(answer, status, type);
  return answer;
}

const asking = (body: object) => () => engineer.post('/v1/access-requests', body);
const sending = (body: string, headers: Record<string, string>) => () =>
  engineer.send('POST', '/v1/access-requests', body, headers);
const without = (member: keyof typeof readRequest) =>
  Object.fromEntries(Object.entries(readRequest).filter(([name]) => name !== member));

describe('a request for access is refused', () => {
  it.each<[string, object]>([
    ['for a target that there is not', { ...readRequest, target: 'ticketing-nowhere' }],
    ['without a target', without('target')],
    ['for a permission that the target does not have', { ...readRequest, permissions: ['tickets:own'] }],
    ['for no permission', { ...readRequest, permissions: [] }],
    ['for one unknown permission among known ones', { ...readRequest, permissions: ['tickets:read', '*'] }],
    ['for permissions that are no list', { ...readRequest, permissions: 'tickets:read' }],
    [
      'for more permissions than anybody reads',
      { ...readRequest, permissions: Array(33).fill('tickets:read') },
    ],
    ['without permissions', without('permissions')],
    ['for no time', { ...readRequest, duration: 'PT0S' }],
    ['for a time that is none', { ...readRequest, duration: 'one hour' }],
    ['for a time of no fixed length', { ...readRequest, duration: 'P1M' }],
    ['for a negative time', { ...readRequest, duration: '-PT1H' }],
    ['for a fraction of a second', { ...readRequest, duration: 'PT0.5S' }],
    ['for a number of seconds', { ...readRequest, duration: 3600 }],
    ['for longer than the target grants', { ...readRequest, duration: 'PT8H1S' }],
    ['without a duration', without('duration')],
    ['without a justification', without('justification')],
    ['with a justification of blanks', { ...readRequest, justification: ' \n\t ' }],
    ['with a justification that nobody would read', { ...readRequest, justification: 'x'.repeat(1001) }],
    ['with a justification that is not Unicode', { ...readRequest, justification: 'x\ud800' }],
    ['with a member that is not known', { ...readRequest, approved: true }],
    ['with an actor of another shape', { ...readRequest, actor: 'triage-bot' }],
    ['that is a list', [readRequest]],
    ['that is empty', {}],
  ])('%s', async (_what, body) => {
    await expectRefused(asking(body), 400);
  });

  it.each<[string, string, Record<string, string>]>([
    ['that is not JSON', '{"target": "ticketing-ops"', JSON_TYPE],
    ['that is nothing', '', JSON_TYPE],
    ['that is null', 'null', JSON_TYPE],
    ['as a form', 'target=ticketing-ops', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['as plain text', JSON.stringify(readRequest), { 'content-type': 'text/plain' }],
    ['as something like JSON', JSON.stringify(readRequest), { 'content-type': 'application/jsonp' }],
  ])('%s', async (_what, body, headers) => {
    await expectRefused(sending(body, headers), 400);
  });

  it('that is larger than 64 KiB', async () => {
    const large = JSON.stringify({ ...readRequest, justification: 'x'.repeat(64 * 1024) });
    await expectRefused(sending(large, JSON_TYPE), 413, 'body-too-large');
  });

  it('in the name of an actor that the token does not prove', async () => {
    const body = { ...readRequest, actor: { type: 'agent', id: 'triage-bot' } };
    await expectRefused(asking(body), 403, 'actor-not-proven');
    const agent = await agentOf(world);
    const other = { ...readRequest, actor: { type: 'agent', id: 'deploy-bot' } };
    await expectRefused(() => agent.post('/v1/access-requests', other), 403, 'actor-not-proven');
  });

  it.each(['', 'k'.repeat(256)])('with an Idempotency-Key of the wrong length', async (key) => {
    await expectRefused(
      () => engineer.post('/v1/access-requests', readRequest, { 'idempotency-key': key }),
      400,
    );
  });

  it('and told which member is wrong', async () => {
    const { body } = await expectRefused(asking({ ...readRequest, permissions: [] }), 400);
    expect(body.errors).toMatchObject([{ path: 'permissions' }]);
  });

  it('but not for the charset of its content type', async () => {
    const answer = await sending(JSON.stringify(readRequest), {
      'content-type': 'application/json; charset=utf-8',
    })();
    expect(answer.status).toBe(202);
  });
});

describe('a decision about an approval is refused', () => {
  it.each([
    ['with a comment that is not Unicode', { comment: '\udfff' }],
    ['with a comment that nobody would read', { comment: 'x'.repeat(1001) }],
  ])('%s', async (_what, more) => {
    const [access, owner] = [await ask(world, await agentOf(world), commentRequest), await world.as('owner')];
    await expectRefused(() => decide(world, owner, access, { decision: 'approve', ...more }), 400);
  });
});

describe('what there is not', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/v1/unknown'],
    ['GET', '/v1/access-requests'],
    ['PUT', '/v1/access-requests'],
    ['PATCH', '/v1/grants/grant-1'],
    ['POST', '/v1/grants'],
    ['DELETE', '/v1/approvals/approval-1'],
    ['GET', '/oauth2/token'],
    ['GET', '/access/v1/evaluation'],
    ['GET', '/v1/grants/'],
  ])('is 404: %s %s', async (method, path) => {
    const answer = await changingNothing(world.sallyport, () => engineer.send(method, path));
    expectProblem(answer, 404, 'not-found');
  });

  it.each([
    '/v1/grants/grant-none',
    '/v1/approvals/approval-none',
    '/v1/audit/req-none',
    `/v1/grants/${encodeURIComponent('GRANT#x')}`,
  ])('is told apart from nothing else: GET %s', async (path) => {
    await expectRefused(() => engineer.get(path), 404, 'not-found');
  });

  it.each(['req-none', 'bundle-none', 'grant-none'])(
    'is told apart from nothing else: task %s',
    async (id) => {
      const unknown = 'urn:openid:authzen:access-request:error:unknown_task';
      await expectRefused(() => engineer.get(`/access/v1/requests/${id}`), 404, unknown);
      await expectRefused(() => engineer.post(`/access/v1/requests/${id}/cancel`), 404, unknown);
    },
  );

  it('is refused with a name that is too long', async () => {
    await expectRefused(() => engineer.get(`/v1/grants/${'g'.repeat(257)}`), 400);
  });
});

describe('a form is refused', () => {
  it.each([
    ['with a parameter that comes twice', 'token=a&token=b'],
    ['without the token', 'token_type_hint=access_token'],
    ['with an empty token', 'token='],
    ['with a token that is too long', `token=${'x'.repeat(8193)}`],
  ])('%s', async (_what, body) => {
    for (const path of ['/oauth2/introspect', '/oauth2/revoke']) {
      await expectRefused(() => engineer.send('POST', path, new URLSearchParams(body)), 400);
    }
  });

  it('as JSON', async () => {
    await expectRefused(() => engineer.post('/oauth2/introspect', { token: 'x' }), 400);
  });
});

describe('every refusal', () => {
  it('quotes nothing of a token that it was sent', async () => {
    const token = await world.token('owner');
    const stranger = new ApiClient(world.sallyport.apiUrl, `${token}x`);
    const { body } = await stranger.get('/v1/grants');
    expect(JSON.stringify(body)).not.toContain(token.split('.')[2]);
  });
});
