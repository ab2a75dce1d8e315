import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiAnswer, ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { routes } from '../../lambdas/api.ts';
import { plainJson } from '../../lambdas/platform/dialect.ts';
import { operationsOf } from '../../lambdas/platform/openapi.ts';
import { type Route, routeKey } from '../../lambdas/platform/route.ts';
import { approvedForAgent, commentRequest } from '../support/access-path.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Record<string, { responses: object; security?: object[] }>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

let world: World;
let description: Description;

beforeAll(async () => {
  world = await worldUnderTest();
  description = (await new ApiClient(world.sallyport.apiUrl).get('/openapi.json')).body;
});
afterAll(() => world.stop());

/** A form or a document that passes for one, whatever the route makes of it. */
function send(client: ApiClient, route: Route, path: string, body?: object): Promise<ApiAnswer> {
  if (route.method === 'ANY') return client.send('PUT', path);
  if (route.method !== 'POST' || (route.body === undefined && body === undefined))
    return client.send(route.method, path);
  return route.bodyType === 'application/x-www-form-urlencoded'
    ? client.postForm(path, (body ?? {}) as Record<string, string>)
    : client.post(path, body ?? {});
}

const withoutParameters = (route: Route) => route.path.replace(/\{\w+\+?\}/g, 'none');

/** Holds an answer to what its route says of it. */
function expectAsDeclared(route: Route, answer: ApiAnswer): void {
  const declared = route.answers[answer.status];
  expect(declared, `${routeKey(route)} answers ${answer.status}`).toBeDefined();
  const { schema, contentType = (route.dialect ?? plainJson).mediaType } = declared ?? {};
  if (schema !== undefined) expect(answer.headers.get('content-type')).toBe(contentType);
  expect(schema?.safeParse(answer.body) ?? { success: answer.body === undefined }).toMatchObject({
    success: true,
  });
}

describe('the description', () => {
  it('is OpenAPI 3.1 and says everything that there is, and nothing else', () => {
    expect(description.openapi).toMatch(/^3\.1\./);
    const described = Object.entries(description.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(
      routes
        .flatMap(operationsOf)
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    );
  });

  it('refers to nothing that it does not hold', () => {
    const references = JSON.stringify(description).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
    const missing = [...references].filter(([, name = '']) => !(name in description.components.schemas));
    expect(missing).toEqual([]);
  });

  it.each(routes.map((route) => [routeKey(route), route] as const))('says what %s answers', (_key, route) => {
    for (const { method, path } of operationsOf(route)) {
      const operation = description.paths[path]?.[method.toLowerCase()];
      expect(Object.keys(operation?.responses ?? {})).toEqual(Object.keys(route.answers));
      expect(operation?.security).toEqual(route.open ? [] : undefined);
    }
  });
});

describe('every route', () => {
  it.each(routes.map((route) => [routeKey(route), route] as const))(
    'is served, and answers a caller with nothing to say as declared: %s',
    async (_key, route) => {
      const answer = await send(await world.as('engineer'), route, withoutParameters(route));
      expect(answer.status).toBeLessThan(500);
      expect(answer.body?.detail ?? '').not.toContain('no such route');
      expectAsDeclared(route, answer);
    },
  );

  it.each(routes.filter((route) => !route.open).map((route) => [routeKey(route), route] as const))(
    'that is not open is refused without a token, as declared: %s',
    async (_key, route) => {
      const answer = await send(new ApiClient(world.sallyport.apiUrl), route, withoutParameters(route));
      expect(answer.status).toBe(401);
      expectAsDeclared(route, answer);
    },
  );
});

describe('what the routes answer on the path of a request', () => {
  const route = (key: string): Route => {
    const found = routes.find((one) => routeKey(one) === key);
    if (found === undefined) throw new Error(`There is no route ${key}`);
    return found;
  };

  it('is as declared, from the token to the audit', async () => {
    const access = await approvedForAgent(world);
    const [agent, owner] = [access.requester, await world.as('owner')];
    const subject = await world.identityProvider.idTokenFor('engineer');
    const answered: string[] = [];
    const take = async (client: ApiClient, key: string, id = '', body?: object): Promise<ApiAnswer> => {
      const [path = ''] = key.split(' ').slice(1);
      const answer = await send(client, route(key), path.replace(/\{\w+\}/, id), body);
      expectAsDeclared(route(key), answer);
      answered.push(`${answer.status} ${key}`);
      return answer;
    };

    await take(agent, 'POST /oauth2/token', '', {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    });
    await take(agent, 'POST /v1/access-requests', '', commentRequest);
    await world.sallyport.settled();
    await take(agent, 'GET /access/v1/requests/{id}', access.requestId);
    await take(owner, 'GET /v1/approvals');
    await take(owner, 'GET /v1/approvals/{id}', access.approvalId);
    await take(owner, 'POST /v1/approvals/{id}/decision', access.approvalId, { decision: 'approve' });
    await take(owner, 'POST /v1/approvals/{id}/decision', access.approvalId, { decision: 'deny' });
    await take(agent, 'GET /v1/grants');
    await take(agent, 'GET /v1/grants/{id}', access.grantId);
    const claimed = await take(agent, 'POST /v1/grants/{id}/credential', access.grantId);
    await take(agent, 'POST /v1/grants/{id}/credential', access.grantId);
    const token = { token: claimed.body.access_token };
    await take(await world.as('ticketing-api'), 'POST /oauth2/introspect', '', token);
    await take(agent, 'DELETE /v1/grants/{id}', access.grantId);
    await take(agent, 'POST /oauth2/revoke', '', token);
    await world.sallyport.settled();
    await take(agent, 'GET /v1/grants/{id}', access.grantId);
    const chain = await take(agent, 'GET /v1/audit/{chain}', access.requestId);
    const [{ txn }] = chain.body.events;
    const undertaking = await agent.get(`/v1/audit?txn=${txn}`);
    expectAsDeclared(route('GET /v1/audit'), undertaking);

    expect(answered.filter((one) => /^[45]/.test(one))).toEqual([
      '409 POST /v1/approvals/{id}/decision',
      '409 POST /v1/grants/{id}/credential',
    ]);
  });
});
