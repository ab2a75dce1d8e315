import { decodeJwt } from 'jose';
import { validate as isSubjectAccessReview } from 'kubernetes-models/_schemas/IoK8sApiAuthorizationV1SubjectAccessReview';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import { demoDeployment } from '../../demo/deployment.ts';
import { todoUsers } from '../../demo/todo-users.ts';
import type { World } from '../../demo/world.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;
let cluster: ApiClient;
let proxy: ApiClient;
let gateway: ApiClient;

beforeAll(async () => {
  world = await worldUnderTest();
  [cluster, proxy, gateway] = await Promise.all([
    world.as('shop-cluster'),
    world.as('orders-gateway'),
    world.as('tools-gateway'),
  ]);
});
afterAll(() => world.stop());

interface Subject {
  readonly type: string;
  readonly id: string;
  readonly properties?: { readonly session: string; readonly channel: string; readonly actors: string[] };
}

/** Whose token it is, and where it was issued: what an enforcement point that has verified it would say. */
function subjectOf(type: string, token: string): Subject {
  const {
    sub = '',
    sid,
    channel,
    act,
  } = decodeJwt(token) as Record<string, string> & { act?: { sub: string } };
  const properties = {
    session: sid ?? '',
    channel: channel ?? '',
    actors: act === undefined ? [] : [act.sub],
  };
  return { type, id: sub, properties };
}

interface Question {
  readonly subject: Subject;
  readonly action: string;
  readonly resource: { readonly type: 'target' | 'todo'; readonly id: string };
}

/** Everything that can be done in the demo. */
const deeds = demoDeployment({}).targets.flatMap(({ id, connector, permissions }) =>
  (Array.isArray(permissions) ? permissions : Object.keys(permissions)).map((action: string) => ({
    action,
    resource:
      connector === 'enforced' ? { type: 'todo' as const, id: 'todo-1' } : { type: 'target' as const, id },
  })),
);

async function subjects(): Promise<Subject[]> {
  const seen = async (type: string, ...token: Parameters<World['token']>) =>
    subjectOf(type, await world.token(...token));
  return [
    { type: 'user', id: 'engineer' },
    await seen('user', 'engineer', { amr: ['pwd'] }),
    await seen('user', 'engineer'),
    await seen('user', 'triage-bot', { for: 'engineer' }),
    await seen('user', 'customer'),
    await seen('user', 'owner'),
    await seen('workload', 'deploy-bot'),
    { type: 'user', id: todoUsers[0]?.id ?? '' },
  ];
}

const evaluate = ({ subject, action, resource }: Question) =>
  gateway.post('/access/v1/evaluation', { subject, action: { name: action }, resource });

function review({ subject, action, resource }: Question) {
  const { session, channel, actors = [] } = subject.properties ?? {};
  const isTarget = resource.type === 'target';
  return cluster.post('/kubernetes/authorize', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: `sallyport:${subject.id}`,
      groups: ['system:authenticated'],
      ...(session === undefined
        ? {}
        : {
            extra: {
              'sallyport.example/session': [session],
              'sallyport.example/channel': [channel],
              'sallyport.example/parties': [subject.id, ...actors],
            },
          }),
      resourceAttributes: {
        verb: action,
        group: isTarget ? 'access.sallyport.example' : 'todo.example',
        version: 'v1',
        resource: isTarget ? 'targets' : 'todos',
        name: resource.id,
      },
    },
  });
}

function subjectHeaders({ type, id, properties }: Subject): Record<string, string> {
  return {
    'x-sallyport-subject': `${type}/${id}`,
    ...(properties === undefined
      ? {}
      : {
          'x-sallyport-session': properties.session,
          'x-sallyport-channel': properties.channel,
          'x-sallyport-actors': properties.actors.join(',') || '-',
        }),
  };
}

const pathOf = ({ action, resource }: Question) => `/${resource.type}s/${resource.id}/${action}`;

const authorize = (question: Question) =>
  proxy.send('GET', '/authorize', undefined, {
    'x-original-uri': `${pathOf(question)}?page=1`,
    'x-original-method': 'POST',
    ...subjectHeaders(question.subject),
  });

const call = ({ subject, action, resource }: Question) =>
  gateway.post('/mcp/authorize', {
    server: `${resource.type}s`,
    subject,
    request: {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'act', arguments: { [resource.type]: resource.id, action } },
    },
  });

/** What an evaluation says, but for its name and its time, and those of the way to ask for what it denies. */
// biome-ignore lint/suspicious/noExplicitAny: it is whatever was answered
const lasting = ({ evaluation_id: _id, evaluated_at: _at, access_request: way, ...context }: any) => ({
  ...context,
  ...(way === undefined ? {} : { wayToAsk: way.endpoint }),
});

/** What a proxy was answered, in an evaluation's words as far as it is told. */
function asEvaluation({ status, headers, body }: ApiAnswer): object {
  if (status === 401)
    return {
      reason: 'obliged',
      obligations: [{ id: 'step-up', type: 'step-up', properties: { acr_value: body.acr_values } }],
    };
  if (status === 403) return lasting(body.context);
  expect(status).toBe(200);
  return { policies: headers.get('x-sallyport-policies')?.split(',') };
}

describe('the same 200 questions', () => {
  it('have the same 200 answers at each enforcement point', async () => {
    const questions = (await subjects()).flatMap((subject) =>
      deeds.map((deed): Question => ({ subject, ...deed })),
    );
    expect(questions.length).toBeGreaterThanOrEqual(200);
    const outcomes = new Set<string>();

    const compare = async (question: Question) => {
      const [evaluation, reviewed, authorized, called] = await Promise.all([
        evaluate(question),
        review(question),
        authorize(question),
        call(question),
      ]);
      const { decision } = evaluation.body;
      const context = lasting(evaluation.body.context);
      outcomes.add(context.reason ?? 'permitted');

      expect(isSubjectAccessReview(reviewed.body)).toBe(true);
      expect(reviewed.body.status).toMatchObject({
        allowed: decision,
        ...(decision ? {} : { denied: true }),
      });
      for (const said of [context.reason ?? 'permits', ...context.policies])
        expect(reviewed.body.status.reason).toContain(said);

      expect(authorized.status === 200).toBe(decision);
      expect(context).toMatchObject(asEvaluation(authorized));

      expect(called.body.decision).toBe(decision);
      expect(lasting(called.body.context)).toEqual(context);
      const { subject, action, resource } = question;
      const evaluated = {
        subject: { type: subject.type, id: subject.id },
        action: { name: action },
        resource,
      };
      expect(called.body.error?.data).toEqual(decision ? undefined : { ...called.body.context, evaluated });
      if (authorized.status === 403) expect(authorized.body.evaluated).toEqual(evaluated);
    };
    await Promise.all(
      [0, 1, 2, 3].map(async (lane) => {
        for (const [place, question] of questions.entries()) if (place % 4 === lane) await compare(question);
      }),
    );
    expect([...outcomes].sort()).toEqual(['denied', 'obliged', 'permitted']);
    // Eight hundred calls, on a machine that may have other work.
  }, 60_000);
});

describe('a request to an internal API', () => {
  const ask = (client: ApiClient, headers: Record<string, string>) =>
    client.send('GET', '/authorize', undefined, headers);
  const reading = { 'x-original-uri': '/orders', 'x-original-method': 'GET' };

  it('is decided by the caller’s own token, where the proxy hands it on', async () => {
    expect((await ask(await world.as('engineer'), reading)).status).toBe(200);
    expect((await ask(await world.as('customer'), reading)).body.context).toMatchObject({ reason: 'denied' });
  });

  it('is challenged where only a step-up is missing (RFC 9470)', async () => {
    const writing = {
      'x-original-uri': '/targets/ticketing-ops/tickets:configure',
      'x-original-method': 'POST',
    };
    const answer = await ask(await world.as('engineer', { amr: ['pwd'] }), writing);
    expectProblem(answer, 401, 'insufficient-user-authentication');
    expect(answer.headers.get('www-authenticate')).toContain('acr_values="nist-aal2"');
  });

  it.each(['GET', 'POST'])('asked with %s means what the headers say', async (method) => {
    const answer = await (await world.as('engineer')).send(method, '/authorize', undefined, reading);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-sallyport-policies')).toBe('engineers-read-orders');
    expect(answer.headers.get('x-sallyport-evaluation-id')).toBeTruthy();
  });

  it('can be asked with the request’s own method and path', async () => {
    const engineer = await world.as('engineer');
    expect((await engineer.send('GET', '/authorize/orders/4711?full=1')).status).toBe(200);
    expect((await engineer.send('POST', '/authorize/orders')).status).toBe(403);
    expectProblem(await engineer.send('PUT', '/authorize/orders'), 403, 'not-mapped');
    const headers = { 'x-original-host': 'Tickets.example:8443' };
    expect((await engineer.send('GET', '/authorize/projects/ops/tickets', undefined, headers)).status).toBe(
      200,
    );
    expectProblem(await engineer.send('GET', '/authorize/projects/ops/tickets'), 403, 'ambiguous-request');
  });

  it.each([
    ['an empty segment', '/orders//1'],
    ['a dot segment', '/orders/../orders'],
    ['an encoded dot segment', '/orders/%2e%2e/orders'],
    ['an encoded slash', '/orders%2f1'],
    ['an escape of an escape', '/orders/%252f'],
    ['a backslash', '/orders/\\1'],
    ['parameters of a segment', '/orders;v=1'],
    ['a fragment', '/orders#1'],
    ['letters in another case', '/ORDERS'],
    ['a slash at its end', '/orders/'],
    ['an escape that is none', '/orders/%zz'],
    ['no path', 'orders'],
  ])('is refused for %s in its path', async (_what, uri) => {
    const answer = await ask(await world.as('engineer'), { ...reading, 'x-original-uri': uri });
    expectProblem(answer, 403, 'ambiguous-request');
  });

  it('is refused where the proxy names nobody, or only half of whom it asks about', async () => {
    expectProblem(await ask(proxy, reading), 403, 'no-subject');
    const named = { ...reading, 'x-sallyport-subject': 'user/engineer' };
    for (const broken of [
      { ...named, 'x-sallyport-actors': 'triage-bot' },
      { ...named, 'x-sallyport-subject': 'engineer' },
      { ...reading, 'x-sallyport-session': 's-1' },
      { 'x-original-method': 'GET' },
      { 'x-original-uri': '/orders' },
    ])
      expectProblem(await ask(proxy, broken), 400, 'invalid-request');
  });

  it('about somebody else is for enforcement points', async () => {
    const about = { ...reading, 'x-sallyport-subject': 'user/engineer' };
    expectProblem(await ask(await world.as('customer'), about), 403, 'not-an-enforcement-point');
  });
});

describe('a cluster’s API server', () => {
  const asking = (spec: object, changes: object = {}) =>
    cluster.post('/kubernetes/authorize?timeout=3s', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec,
      ...changes,
    });
  const pods = { verb: 'list', version: 'v1', resource: 'pods', namespace: 'shop' };

  it.each([
    ['a user of the cluster’s own', { user: 'system:kube-scheduler', resourceAttributes: pods }],
    ['an object', { user: 'sallyport:engineer', resourceAttributes: { ...pods, resource: 'secrets' } }],
    ['a subresource', { user: 'sallyport:engineer', resourceAttributes: { ...pods, subresource: 'exec' } }],
    ['all namespaces', { user: 'sallyport:engineer', resourceAttributes: { ...pods, namespace: '' } }],
    ['a path', { user: 'sallyport:engineer', nonResourceAttributes: { verb: 'get', path: '/healthz' } }],
  ])('has no opinion from us of %s that no rule names', async (_what, spec) => {
    const { status, body } = await asking(spec);
    expect({ status, allowed: body.status.allowed, denied: body.status.denied }).toEqual({
      status: 200,
      allowed: false,
      denied: undefined,
    });
    expect(isSubjectAccessReview(body)).toBe(true);
  });

  it('is told about objects and about other paths', async () => {
    const { properties } = subjectOf('user', await world.token('engineer'));
    const extra = {
      'sallyport.example/session': [properties?.session],
      'sallyport.example/channel': [properties?.channel],
    };
    const user = 'sallyport:engineer';
    const listed = await asking({ user, extra, resourceAttributes: pods });
    expect(listed.body.status.allowed).toBe(true);
    const read = await asking({ user, extra, nonResourceAttributes: { verb: 'get', path: '/metrics/pods' } });
    expect(read.body.status.allowed).toBe(true);
    const hidden = await asking({
      user,
      extra,
      nonResourceAttributes: { verb: 'get', path: '/metrics//pods' },
    });
    expect(hidden.body.status).toMatchObject({ allowed: false, denied: true });
  });

  it.each<[string, object, object]>([
    [
      'of an older version',
      { user: 'a', resourceAttributes: pods },
      { apiVersion: 'authorization.k8s.io/v1beta1' },
    ],
    ['about nothing', { user: 'a' }, {}],
    ['about two things', { user: 'a', resourceAttributes: pods, nonResourceAttributes: {} }, {}],
    [
      'about parties without their session',
      {
        user: 'sallyport:engineer',
        resourceAttributes: pods,
        extra: { 'sallyport.example/parties': ['engineer'] },
      },
      {},
    ],
    [
      'about somebody who is not the first of the parties',
      {
        user: 'sallyport:engineer',
        resourceAttributes: pods,
        extra: { 'sallyport.example/session': ['s'], 'sallyport.example/parties': ['triage-bot'] },
      },
      {},
    ],
    [
      'about a user in two sessions',
      {
        user: 'sallyport:engineer',
        resourceAttributes: pods,
        extra: { 'sallyport.example/session': ['s', 't'] },
      },
      {},
    ],
  ])('is refused a review %s', async (_what, spec, changes) => {
    expectProblem(await asking(spec, changes), 400, 'invalid-request');
  });

  it('is one that the deployment names', async () => {
    const spec = { user: 'sallyport:engineer', resourceAttributes: pods };
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    expectProblem(await proxy.post('/kubernetes/authorize', body), 403, 'not-a-cluster');
  });
});

describe('an MCP gateway', () => {
  const calling = (name: string, given: object, more: object = {}) => ({
    server: 'ticketing',
    request: { jsonrpc: '2.0', id: 'a', method: 'tools/call', params: { name, arguments: given } },
    ...more,
  });

  it('can hand on the agent’s own token, and gives it the error of a denial', async () => {
    const agent = await world.as('triage-bot', { for: 'engineer' });
    const reading = await agent.post('/mcp/authorize', calling('list_tickets', { project: 'ops' }));
    expect(reading.body).toMatchObject({ decision: true });
    const commenting = await agent.post('/mcp/authorize', calling('comment_on_ticket', { project: 'ops' }));
    expect(commenting.body).toMatchObject({
      decision: false,
      error: {
        code: -32010,
        data: {
          reason: 'obliged',
          obligations: [{ type: 'approval', properties: { approvers: 'ops-owners' } }],
        },
      },
    });
  });

  it.each([
    ['a tool', 'drop_everything', { project: 'ops' }],
    ['a call without the argument', 'list_tickets', {}],
    ['a call with a list for the argument', 'list_tickets', { project: ['ops'] }],
  ])('is refused %s that no rule names', async (_what, name, given) => {
    const body = calling(name, given, { subject: { type: 'user', id: 'engineer' } });
    expectProblem(await gateway.post('/mcp/authorize', body), 403, 'not-mapped');
  });

  it('says whom it asks about', async () => {
    const body = calling('list_tickets', { project: 'ops' });
    expectProblem(await gateway.post('/mcp/authorize', body), 403, 'no-subject');
  });

  it('asks about calls of tools, and nothing else', async () => {
    const body = {
      server: 'ticketing',
      request: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
    };
    expectProblem(await gateway.post('/mcp/authorize', body), 400, 'invalid-request');
  });
});
