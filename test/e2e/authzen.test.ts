import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { agentOf } from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { changingNothing } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

const EVALUATION = '/access/v1/evaluation';

let world: World;
let engineer: ApiClient;
let enforcementPoint: ApiClient;

beforeAll(async () => {
  world = await worldUnderTest();
  engineer = await world.as('engineer');
  enforcementPoint = await world.as('ticketing-api');
});
afterAll(() => world.stop());

const question = (id: string, action: string, changes: object = {}) => ({
  subject: { type: 'user', id },
  action: { name: action },
  resource: { type: 'target', id: 'ticketing-ops' },
  ...changes,
});

const evaluate = (client: ApiClient, body: object) =>
  changingNothing(world.sallyport, () => client.post(EVALUATION, body));

describe('an evaluation about oneself', () => {
  it('permits, and names the policy', async () => {
    const { status, body } = await evaluate(engineer, question('engineer', 'tickets:read'));
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        decision: true,
        context: {
          evaluation_id: expect.any(String),
          evaluated_at: expect.any(String),
          policies: ['engineers-read-tickets'],
          policy_set: expect.any(String),
        },
      },
    });
  });

  it('denies with what would turn it into a permit: approval by these, so many, so strong', async () => {
    const { body } = await evaluate(engineer, question('engineer', 'tickets:delete'));
    expect(body).toMatchObject({
      decision: false,
      context: {
        obligations: [
          {
            type: 'approval',
            properties: { approvers: 'ops-owners', quorum: 2, approver_acr: 'nist-aal2' },
          },
        ],
      },
    });
  });

  it('denies a weak session with the step-up that it lacks', async () => {
    const weak = await world.as('engineer', { amr: ['pwd'] });
    const { body } = await evaluate(weak, question('engineer', 'tickets:delete'));
    expect(body.decision).toBe(false);
    expect(body.context.obligations).toContainEqual(
      expect.objectContaining({ type: 'step-up', properties: { acr_value: 'nist-aal2' } }),
    );
  });

  it('asks for both, the person and the agent that acts', async () => {
    const agent = await agentOf(world);
    expect((await evaluate(agent, question('engineer', 'tickets:read'))).body.decision).toBe(true);
    const { body } = await evaluate(agent, question('engineer', 'tickets:delete'));
    expect(body).toMatchObject({ decision: false, context: { policies: ['agents-never-delete-tickets'] } });
    expect(body.context.obligations).toBeUndefined();
  });

  it.each([
    ['an action that there is not', { action: { name: 'tickets:own' } }],
    ['a resource that there is not', { resource: { type: 'target', id: 'nowhere' } }],
    ['a type of resource that there is not', { resource: { type: 'planet', id: 'ticketing-ops' } }],
  ])('denies %s, without an error', async (_what, changes) => {
    const { status, body } = await evaluate(engineer, question('engineer', 'tickets:read', changes));
    expect({ status, decision: body.decision }).toEqual({ status: 200, decision: false });
  });
});

describe('an evaluation about somebody else', () => {
  it('is for enforcement points only', async () => {
    expectProblem(
      await evaluate(engineer, question('owner', 'tickets:read')),
      403,
      'not-an-enforcement-point',
    );
  });

  it('permits nothing that needs assurance, for none is proven', async () => {
    const { status, body } = await evaluate(enforcementPoint, question('engineer', 'tickets:read'));
    expect({ status, decision: body.decision }).toEqual({ status: 200, decision: false });
  });

  it.each([
    ['whom nobody knows', question('mallory', 'tickets:read')],
    [
      'by another type than theirs',
      { ...question('engineer', 'tickets:read'), subject: { type: 'agent', id: 'engineer' } },
    ],
  ])('denies somebody %s', async (_who, body) => {
    expect((await evaluate(enforcementPoint, body)).body.decision).toBe(false);
  });
});

describe('an evaluation is refused', () => {
  const whole = question('engineer', 'tickets:read');

  it.each<[string, object]>([
    ['without a subject', { action: whole.action, resource: whole.resource }],
    ['without an action', { subject: whole.subject, resource: whole.resource }],
    ['without a resource', { subject: whole.subject, action: whole.action }],
    ['with a subject without an id', { ...whole, subject: { type: 'user' } }],
    ['with a subject without a type', { ...whole, subject: { id: 'engineer' } }],
    ['with an action without a name', { ...whole, action: {} }],
    ['with a subject that is a text', { ...whole, subject: 'engineer' }],
    ['with an id that is a number', { ...whole, resource: { type: 'target', id: 1 } }],
    ['with a context that is a text', { ...whole, context: 'none' }],
    ['as a list', [whole]],
    ['as nothing', {}],
  ])('%s', async (_what, body) => {
    expectProblem(await evaluate(engineer, body), 400, 'invalid-request');
  });

  it.each<[string, string, Record<string, string>]>([
    ['with an empty body', '', { 'content-type': 'application/json' }],
    ['with a body that is not JSON', '{', { 'content-type': 'application/json' }],
    ['with another content type', JSON.stringify(whole), { 'content-type': 'text/plain' }],
  ])('%s', async (_what, body, headers) => {
    expectProblem(await engineer.send('POST', EVALUATION, body, headers), 400, 'invalid-request');
  });

  it('of a caller who does not say who they are', async () => {
    const anybody = new ApiClient(world.sallyport.apiUrl);
    expectProblem(await anybody.post(EVALUATION, whole), 401, 'no-token');
  });

  it.each(['GET', 'PUT'])('by %s', async (method) => {
    const answer = await engineer.send(method, EVALUATION);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
  });
});

describe('AuthZEN 1.0', () => {
  it('members that are not known are ignored, and a charset is accepted', async () => {
    const body = JSON.stringify({ ...question('engineer', 'tickets:read'), extra: { a: 1 } });
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    expect(await engineer.send('POST', EVALUATION, body, headers)).toMatchObject({
      status: 200,
      body: { decision: true },
    });
  });

  it('the request’s id comes back', async () => {
    const headers = { 'x-request-id': 'a-request-of-ours' };
    const answer = await engineer.post(EVALUATION, question('engineer', 'tickets:read'), headers);
    expect(answer.headers.get('x-request-id')).toBe('a-request-of-ours');
  });

  it('the metadata names this decision point and where it evaluates', async () => {
    const { apiUrl } = world.sallyport;
    const { body } = await new ApiClient(apiUrl).get('/.well-known/authzen-configuration');
    expect(body).toMatchObject({
      policy_decision_point: apiUrl,
      access_evaluation_endpoint: `${apiUrl}${EVALUATION}`,
    });
  });
});

it('nesting without end costs nothing and says nothing', async () => {
  const nested = JSON.parse(`${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`);
  const { status } = await evaluate(engineer, question('engineer', 'tickets:read', { context: nested }));
  expect(status).toBe(200);
});

describe('an enforcement point that asks about a person', () => {
  const sessionOf = (token: string) =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sid as string;

  it('is told the step-up that is missing where nothing is proven of them', async () => {
    const { body } = await evaluate(enforcementPoint, question('engineer', 'tickets:read'));
    expect(body).toMatchObject({
      decision: false,
      context: { obligations: [{ type: 'step-up', properties: { acr_value: 'nist-aal1' } }] },
    });
  });

  it('gets their decision in the session that it names', async () => {
    const session = sessionOf(await world.token('engineer'));
    const subject = { type: 'user', id: 'engineer', properties: { session } };
    const { body } = await evaluate(enforcementPoint, question('engineer', 'tickets:read', { subject }));
    expect(body.decision).toBe(true);
  });

  it('gets a denial in the session of somebody else', async () => {
    const session = sessionOf(await world.token('owner'));
    const subject = { type: 'user', id: 'engineer', properties: { session } };
    const { body } = await evaluate(enforcementPoint, question('engineer', 'tickets:read', { subject }));
    expect(body.decision).toBe(false);
  });
});
