import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../demo/api-client.ts';
import { todoUsers } from '../../demo/todo-users.ts';
import type { World } from '../../demo/world.ts';
import { agentOf } from '../support/access-path.ts';
import {
  type AuthzenEndpoint,
  askByTheStandard,
  authzenEndpoints,
  departures,
  messagesOf,
} from '../support/authzen-schemas/authzen-schemas.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { changingNothing } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

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
  changingNothing(world.sallyport, () => askByTheStandard(client, 'evaluation', body));

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

/** A request of each kind that says all that it may. */
const whole: Readonly<Record<AuthzenEndpoint, Readonly<Record<string, object>>>> = (() => {
  const { subject, action, resource } = question('engineer', 'tickets:read');
  const context = {};
  const page = { limit: 1 };
  return {
    evaluation: { subject, action, resource, context },
    evaluations: { subject, action, resource, context, options: { evaluations_semantic: 'execute_all' } },
    'search/subject': { subject: { type: 'user' }, action, resource, context, page },
    'search/resource': { subject, action, resource: { type: 'target' }, context, page },
    'search/action': { subject, resource, context, page },
  };
})();

/** Every way to leave a member out that must be there, and to make one of what it must not be. */
function* misshapen(request: Readonly<Record<string, object>>): Iterable<readonly [string, object]> {
  for (const [name, value] of Object.entries(request)) {
    const { [name]: _, ...others } = request;
    if (['subject', 'action', 'resource'].includes(name)) yield [`without ${name}`, others];
    for (const wrong of ['text', 7, true, null, []])
      yield [`with ${name} ${JSON.stringify(wrong)}`, { ...request, [name]: wrong }];
    for (const inner of Object.keys(value)) {
      const { [inner]: __, ...rest } = value as Record<string, unknown>;
      if (['type', 'id', 'name'].includes(inner))
        yield [`without ${name}.${inner}`, { ...request, [name]: rest }];
      for (const wrong of [{}, null, -1.5])
        yield [
          `with ${name}.${inner} ${JSON.stringify(wrong)}`,
          { ...request, [name]: { ...value, [inner]: wrong } },
        ];
    }
  }
}

describe.each(authzenEndpoints)('%s', (endpoint) => {
  const path = `/access/v1/${endpoint}`;
  const request = whole[endpoint];
  const [message] = messagesOf(endpoint);
  const json = { 'content-type': 'application/json' };

  it('answers by the standard, ignores members that nobody knows, and says the request’s id', async () => {
    const answer = await askByTheStandard(
      enforcementPoint,
      endpoint,
      { ...request, extra: { a: 1 } },
      { 'content-type': 'application/json; charset=utf-8', 'x-request-id': 'a request of ours' },
    );
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([200, 'a request of ours']);
  });

  it('refuses all that is not as the standard has it, and changes nothing', async () => {
    await changingNothing(world.sallyport, async () => {
      for (const [what, body] of misshapen(request)) {
        expect(departures(message, body), what).not.toEqual([]);
        const answer = await enforcementPoint.post(path, body);
        expect(answer.status, what).toBe(400);
        expectProblem(answer, 400, 'invalid-request');
      }
    });
  });

  it.each<[string, string, Record<string, string>, number, string]>([
    ['an empty body', '', json, 400, 'invalid-request'],
    ['a body that is not JSON', '{', json, 400, 'invalid-request'],
    ['a list', JSON.stringify([request]), json, 400, 'invalid-request'],
    ['nothing', 'null', json, 400, 'invalid-request'],
    ['a text', '"engineer"', json, 400, 'invalid-request'],
    [
      'another content type',
      JSON.stringify(request),
      { 'content-type': 'text/plain' },
      400,
      'invalid-request',
    ],
    [
      'a form',
      'subject=engineer',
      { 'content-type': 'application/x-www-form-urlencoded' },
      400,
      'invalid-request',
    ],
    ['more than is read', JSON.stringify({ ...request, x: 'x'.repeat(65_536) }), json, 413, 'body-too-large'],
  ])('refuses %s, and says the request’s id', async (_what, body, headers, status, type) => {
    const answer = await enforcementPoint.send('POST', path, body, { ...headers, 'x-request-id': 'a-1' });
    expectProblem(answer, status, type);
    expect(answer.headers.get('x-request-id')).toBe('a-1');
  });

  it('refuses a caller who does not say who they are, and says the request’s id', async () => {
    const anybody = new ApiClient(world.sallyport.apiUrl);
    const answer = await anybody.post(path, request, { 'x-request-id': 'a-1' });
    expectProblem(answer, 401, 'no-token');
    expect(answer.headers.get('x-request-id')).toBe('a-1');
    const forger = new ApiClient(world.sallyport.apiUrl, 'not.a.token');
    expect((await forger.post(path, request)).status).toBe(401);
  });

  it.each(['GET', 'PUT', 'DELETE'])('is not there for %s', async (method) => {
    const { status } = await enforcementPoint.send(method, path);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });

  it('denies what says more than is looked at, however it is nested', async () => {
    const deep = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`;
    const wide = JSON.stringify({ a: 'x'.repeat(9000) });
    for (const said of [deep, wide]) {
      const body = JSON.stringify({ ...request, context: 'SAID' }).replace('"SAID"', said);
      const answer = await enforcementPoint.send('POST', path, body, json);
      expect(answer.status).toBe(200);
      expect(answer.body.decision ?? answer.body.results).toEqual(endpoint.startsWith('search') ? [] : false);
    }
  });
});

describe('whatever is sent', () => {
  // An editor: whether they may update a todo, the policies look at what is said of it for.
  const [, morty] = todoUsers;
  const names = ['__proto__', 'constructor', 'toString', 'session', 'channel', 'actors', 'ownerID', 'a'];
  const texts = [
    '',
    '\ud800',
    '\u0000',
    'user',
    'todo',
    'target',
    'can_update_todo',
    '1',
    'x'.repeat(300),
    '__proto__',
  ];
  const simple = fc.constantFrom<unknown>(
    ...texts,
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 60,
    Number.MAX_VALUE,
    'DEEP',
  );
  const hostile = fc.oneof(
    simple,
    fc.array(simple, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), fc.oneof(simple, fc.array(simple, { maxLength: 3 })), {
      maxKeys: 4,
    }),
    fc.jsonValue(),
  );
  const known = (...values: string[]) => fc.oneof(fc.constantFrom(...values), hostile);
  const entity = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ type: known('user', 'todo', 'target'), id: known('engineer', 'todo') }),
    },
    {
      weight: 4,
      arbitrary: fc.record(
        { type: known('todo'), id: known('1'), properties: hostile },
        { requiredKeys: ['type'] },
      ),
    },
    { weight: 1, arbitrary: hostile },
  );
  const mostly = (usual: object, other: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
  const usual = {
    subject: { type: 'user', id: morty?.id },
    action: { name: 'can_update_todo' },
    resource: { type: 'todo', id: '1' },
  };
  const members = {
    subject: mostly(usual.subject, entity),
    action: mostly(usual.action, fc.record({ name: hostile, properties: hostile })),
    resource: fc.oneof(
      entity,
      fc.record({ ownerID: hostile }).map((properties) => ({ ...usual.resource, properties })),
    ),
    context: mostly({}, hostile),
  };
  const bodies = fc.oneof(
    { weight: 1, arbitrary: hostile },
    {
      weight: 5,
      arbitrary: fc.record(
        {
          ...members,
          page: mostly({}, fc.record({ token: hostile, limit: hostile }, { requiredKeys: [] })),
          options: mostly({}, fc.record({ evaluations_semantic: hostile })),
          evaluations: fc.oneof(
            fc.array(fc.oneof(fc.record(members, { requiredKeys: [] }), hostile)),
            hostile,
          ),
        },
        { requiredKeys: ['subject', 'action', 'resource'] },
      ),
    },
  );
  /** What has broken something. */
  const breaking: [AuthzenEndpoint, object][] = [
    ['evaluation', { ...usual, resource: { ...usual.resource, properties: { ownerID: '\ud800' } } }],
    ['evaluation', { ...usual, subject: { ...usual.subject, properties: { session: 'x'.repeat(3000) } } }],
    ['evaluation', { ...usual, subject: { ...usual.subject, properties: { session: '\ud800' } } }],
    ['evaluation', { ...usual, context: { a: 'DEEP' } }],
    ['search/action', { ...usual, context: { a: 'DEEP' } }],
  ];
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;

  it('is answered or refused, never broken by, and changes nothing', async () => {
    await changingNothing(world.sallyport, () =>
      fc.assert(
        fc.asyncProperty(fc.constantFrom(...authzenEndpoints), bodies, async (endpoint, body) => {
          const text = (JSON.stringify(body) ?? '').replaceAll('"DEEP"', deep);
          const answer = await enforcementPoint.send('POST', `/access/v1/${endpoint}`, text, {
            'content-type': 'application/json',
          });
          expect([200, 400, 413]).toContain(answer.status);
          if (answer.status === 200) expect(departures(messagesOf(endpoint)[1], answer.body)).toEqual([]);
        }),
        { numRuns: 120, examples: breaking, endOnFailure: true },
      ),
    );
  });
});

describe('the metadata', () => {
  it('names this decision point and where it answers, and nothing that is not there', async () => {
    const { apiUrl } = world.sallyport;
    const { body } = await new ApiClient(apiUrl).get('/.well-known/authzen-configuration');
    expect(departures('Metadata', body)).toEqual([]);
    expect(body).toEqual({
      policy_decision_point: apiUrl,
      access_evaluation_endpoint: `${apiUrl}/access/v1/evaluation`,
      access_evaluations_endpoint: `${apiUrl}/access/v1/evaluations`,
      search_subject_endpoint: `${apiUrl}/access/v1/search/subject`,
      search_resource_endpoint: `${apiUrl}/access/v1/search/resource`,
      search_action_endpoint: `${apiUrl}/access/v1/search/action`,
      access_request_endpoint: `${apiUrl}/access/v1/requests`,
      capabilities: ['urn:openid:authzen:capability:access-request'],
    });
  });
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

  it('is told what they may do in the session that it names, and nothing without one', async () => {
    const session = sessionOf(await world.token('engineer'));
    const resource = { type: 'target', id: 'ticketing-ops' };
    const actionsOf = async (properties: object) => {
      const subject = { type: 'user', id: 'engineer', properties };
      const { body } = await askByTheStandard(enforcementPoint, 'search/action', { subject, resource });
      return body.results;
    };
    expect(await actionsOf({ session })).toContainEqual({ name: 'tickets:read' });
    expect(await actionsOf({})).toEqual([]);
  });
});
