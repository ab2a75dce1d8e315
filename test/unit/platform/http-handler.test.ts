import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import {
  BrokenInvariant,
  DependencyUnavailable,
  InvalidInput,
  StateConflict,
} from '../../../lambdas/platform/failures.ts';
import { type HttpAnswer, httpHandler, serve } from '../../../lambdas/platform/http-handler.middy.ts';
import {
  conflict,
  insufficientAuthentication,
  notFound,
  oauthError,
} from '../../../lambdas/platform/problem.ts';
import type { Route } from '../../../lambdas/platform/route.ts';
import { callerOf, dana } from '../../support/access-case.ts';

const jsonRoute = {
  method: 'POST',
  path: '/v1/things/{id}',
  function: 'MakeThing',
  summary: 'Makes a thing',
  body: z.strictObject({ name: z.string().max(100_000) }),
  query: z.object({ limit: z.string().regex(/^\d$/).optional() }),
  answers: {},
} as const satisfies Route;

const formRoute = {
  method: 'POST',
  path: '/form',
  function: 'MakeThing',
  summary: 'Takes a form',
  open: true,
  body: z.object({ token: z.string() }),
  bodyType: 'application/x-www-form-urlencoded',
  answers: {},
} as const satisfies Route;

const dialectRoute = {
  method: 'PUT',
  path: '/dialect/{id}',
  function: 'MakeThing',
  summary: 'Speaks in a way of its own',
  body: z.object({ name: z.string() }),
  dialect: {
    mediaType: 'application/own+json',
    alsoAccepted: ['application/json'],
    refusalMediaType: 'application/own-error+json',
    refusal: ({ status, detail }, requestId) => ({ no: status, why: detail, call: requestId }),
  },
  answers: {},
} as const satisfies Route;

const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((said) => lines.push(String(said)) > 0);
  }
});
afterEach(() => void vi.restoreAllMocks());

type Act = (request: object) => Promise<HttpAnswer>;
const answered: Act = async () => ({ status: 200, body: { done: true } });

interface Call {
  readonly route?: Route;
  readonly event?: Partial<APIGatewayProxyEventV2>;
  readonly lambda?: Record<string, unknown>;
}

async function call(act: Act, { route = jsonRoute, event = {}, lambda }: Call = {}) {
  const handler = httpHandler('make-thing', [
    serve(jsonRoute, act),
    serve(formRoute, act),
    serve(dialectRoute, act),
  ]);
  const answer: APIGatewayProxyStructuredResultV2 = await handler(
    {
      routeKey: `${route.method} ${route.path}`,
      headers: { 'content-type': route.bodyType ?? 'application/json' },
      body: JSON.stringify({ name: 'n' }),
      isBase64Encoded: false,
      requestContext: {
        requestId: 'call-1',
        http: { method: route.method },
        authorizer: { lambda: lambda ?? { caller: JSON.stringify(callerOf(dana)) } },
      },
      ...event,
    } as unknown as APIGatewayProxyEventV2,
    {} as Context,
  );
  return { ...answer, headers: answer.headers ?? {}, document: JSON.parse(answer.body ?? 'null') };
}

/** What the route’s act was given. */
async function received(options: Call): Promise<unknown> {
  let given: unknown;
  const { document } = await call(async (request) => {
    given = request;
    return { status: 204 };
  }, options);
  return given ?? document;
}

describe('a body', () => {
  test.for<[string, Partial<APIGatewayProxyEventV2>, number, string]>([
    ['of more than 64 KiB', { body: JSON.stringify({ name: 'n'.repeat(65_536) }) }, 413, 'body-too-large'],
    [
      'of more than 64 KiB in bytes, not in characters',
      { body: JSON.stringify({ name: 'é'.repeat(40_000) }) },
      413,
      'body-too-large',
    ],
    ['of another type', { headers: { 'content-type': 'text/plain' } }, 400, 'invalid-request'],
    ['of no type', { headers: {} }, 400, 'invalid-request'],
    ['that is not JSON', { body: '{"name":' }, 400, 'invalid-request'],
    ['that is absent', { body: undefined as unknown as string }, 400, 'invalid-request'],
    ['of another shape', { body: '{"name":7}' }, 400, 'invalid-request'],
    ['with a member too many', { body: '{"name":"n","role":"admin"}' }, 400, 'invalid-request'],
    ['after a query of another shape', { queryStringParameters: { limit: 'many' } }, 400, 'invalid-request'],
    ['at a path too long', { pathParameters: { id: 'x'.repeat(257) } }, 400, 'invalid-request'],
  ])('%s is refused', async ([, event, status, code]) => {
    const answer = await call(answered, { event });
    expect([answer.statusCode, answer.document.type]).toEqual([status, `urn:sallyport:problem:${code}`]);
  });

  test('of exactly 64 KiB is read', async () => {
    const body = JSON.stringify({ name: 'n'.repeat(65_536 - '{"name":""}'.length) });
    expect((await call(answered, { event: { body } })).statusCode).toBe(200);
  });

  test('in base64 is what it was before', async () => {
    const body = Buffer.from('{"name":"çа"}').toString('base64');
    expect(await received({ event: { body, isBase64Encoded: true } })).toMatchObject({
      body: { name: 'çа' },
    });
  });

  test('is measured after base64', async () => {
    const body = Buffer.from(JSON.stringify({ name: 'n'.repeat(50_000) })).toString('base64');
    expect((await call(answered, { event: { body, isBase64Encoded: true } })).statusCode).toBe(200);
  });

  test('may name its type with parameters and in any case', async () => {
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' };
    expect((await call(answered, { event: { headers } })).statusCode).toBe(200);
  });

  test('as a form is read as its parameters', async () => {
    expect(await received({ route: formRoute, event: { body: 'token=a%2Bb+c' } })).toMatchObject({
      body: { token: 'a+b c' },
    });
  });

  test('as a form is refused where a parameter comes twice, even with the same value', async () => {
    const { statusCode, document } = await call(answered, {
      route: formRoute,
      event: { body: 'token=a&token=a' },
    });
    expect([statusCode, document.detail]).toEqual([400, 'A parameter comes more than once.']);
  });
});

describe('a route with a dialect of its own', () => {
  const own = (event: Partial<APIGatewayProxyEventV2>, act: Act = answered) =>
    call(act, { route: dialectRoute, event });

  test.for(['application/own+json', 'application/own+json; charset=utf-8', 'application/json'])(
    'reads %s, and answers in its own',
    async (type) => {
      const answer = await own({ headers: { 'content-type': type } });
      expect(answer).toMatchObject({ statusCode: 200, headers: { 'content-type': 'application/own+json' } });
    },
  );

  test.for<[string, Partial<APIGatewayProxyEventV2>, Act, number]>([
    ['another type', { headers: { 'content-type': 'application/scim+json' } }, answered, 400],
    ['no type', { headers: {} }, answered, 400],
    ['what is not JSON', { headers: { 'content-type': 'application/json' }, body: '{' }, answered, 400],
    [
      'what goes wrong',
      { headers: { 'content-type': 'application/json' } },
      () => Promise.reject(new DependencyUnavailable('token=hunter2')),
      503,
    ],
  ])('refuses %s in words of its own', async ([, event, act, status]) => {
    const answer = await own(event, act);
    expect(answer).toMatchObject({
      statusCode: status,
      headers: { 'content-type': 'application/own-error+json', 'cache-control': 'no-store' },
      document: { no: status, why: expect.any(String), call: 'call-1' },
    });
    expect(answer.body).not.toContain('hunter2');
  });
});

describe('without a caller', () => {
  test('a route that is not open challenges, and does not act', async () => {
    const act = vi.fn(answered);
    const { statusCode, headers } = await call(act, { lambda: { refusal: 'no_token' } });
    expect([statusCode, act.mock.calls]).toEqual([401, []]);
    expect(headers['www-authenticate']).toBe('Bearer, DPoP algs="ES256 ES384 EdDSA PS256"');
  });

  test('a token that is not accepted is called invalid in the challenge', async () => {
    const { headers } = await call(answered, { lambda: { refusal: 'invalid_token' } });
    expect(headers['www-authenticate']).toMatch(/^Bearer error="invalid_token", error_description="/);
  });

  test.for(['invalid_token', 'invalid_dpop_proof', 'use_dpop_nonce'])(
    'a token in the DPoP scheme is challenged in that scheme: %s',
    async (refusal) => {
      const lambda = { refusal, scheme: 'DPoP', nextNonce: 'nonce-2' };
      const { statusCode, headers, document } = await call(answered, { lambda });
      expect([statusCode, document.type]).toEqual([401, `urn:sallyport:problem:${refusal}`]);
      expect(headers['www-authenticate']).toMatch(
        new RegExp(`^DPoP error="${refusal}", error_description="[^"]+", algs="ES256 ES384 EdDSA PS256"$`),
      );
      expect(headers['dpop-nonce']).toBe('nonce-2');
    },
  );

  test('a refusal that nobody here knows is no caller either', async () => {
    expect((await call(answered, { lambda: { refusal: 'tired' } })).statusCode).toBe(401);
  });

  test.for<[string, Record<string, unknown>]>([
    ['that the authorizer did not write', {}],
    ['of another type', { caller: callerOf(dana) }],
  ])('a context %s is no caller', async ([, lambda]) => {
    expect((await call(answered, { lambda })).statusCode).toBe(401);
  });

  test('an open route acts, and is told of no caller even where there is one', async () => {
    expect(await received({ route: formRoute, event: { body: 'token=t' } })).toMatchObject({
      caller: undefined,
    });
  });
});

describe('a caller who proved a key', () => {
  const lambda = { caller: JSON.stringify(callerOf(dana)), scheme: 'DPoP', nextNonce: 'nonce-2' };

  test('is given the nonce for the next proof, whatever the answer', async () => {
    const refused: Act = () => Promise.reject(notFound('grant'));
    for (const act of [answered, refused])
      expect((await call(act, { lambda })).headers['dpop-nonce']).toBe('nonce-2');
  });

  test('is challenged to step up in the DPoP scheme', async () => {
    const { headers } = await call(
      () => Promise.reject(insufficientAuthentication('nist-aal2', 'Stronger.')),
      { lambda },
    );
    expect(headers['www-authenticate']).toMatch(/^DPoP error="insufficient_user_authentication".*algs="/);
  });
});

describe('what is thrown becomes a problem document', () => {
  const secret = 'token=hunter2';
  test.for<[Error, number, string]>([
    [conflict('already-claimed', 'Once.'), 409, 'urn:sallyport:problem:already-claimed'],
    [notFound('grant'), 404, 'urn:sallyport:problem:not-found'],
    [oauthError('invalid_request', 'No.'), 400, 'urn:sallyport:problem:invalid-request'],
    [new StateConflict(secret), 409, 'urn:sallyport:problem:conflict'],
    [
      new DependencyUnavailable(secret, { cause: new Error(secret) }),
      503,
      'urn:sallyport:problem:unavailable',
    ],
    [new BrokenInvariant(secret), 500, 'urn:sallyport:problem:internal'],
    [new InvalidInput(secret), 500, 'urn:sallyport:problem:internal'],
    [new TypeError(secret), 500, 'urn:sallyport:problem:internal'],
    [secret as unknown as Error, 500, 'urn:sallyport:problem:internal'],
  ])('%s', async ([thrown, status, type]) => {
    const answer = await call(() => Promise.reject(thrown));
    expect(answer).toMatchObject({
      statusCode: status,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
      document: { type, status, request_id: 'call-1', title: expect.any(String), detail: expect.any(String) },
    });
    expect(JSON.stringify(answer) + lines.join()).not.toContain('hunter2');
  });

  test('a service that did not answer says when to try again', async () => {
    const { headers } = await call(() => Promise.reject(new DependencyUnavailable('KMS')));
    expect(headers['retry-after']).toBe('1');
  });

  test('a session that is too weak is challenged to step up', async () => {
    const { headers, document } = await call(() =>
      Promise.reject(insufficientAuthentication('nist-aal2', 'Stronger.')),
    );
    expect(headers['www-authenticate']).toContain('acr_values="nist-aal2"');
    expect(document.acr_values).toBe('nist-aal2');
  });

  test('an OAuth error has its members beside the document’s', async () => {
    const { document } = await call(() => Promise.reject(oauthError('invalid_request', 'No.')));
    expect(document).toMatchObject({ error: 'invalid_request', error_description: 'No.', detail: 'No.' });
  });
});

describe('routes', () => {
  test('what no route matches is not found', async () => {
    expect((await call(answered, { event: { routeKey: '$default' } })).statusCode).toBe(404);
  });

  test('a route of another function is something broken', async () => {
    expect((await call(answered, { event: { routeKey: 'GET /other' } })).statusCode).toBe(500);
  });
});

test('no answer is stored, and what a caller sent is in no log line', async () => {
  const { headers } = await call(answered, { event: { body: '{"name":"hunter2"}' } });
  expect([headers['cache-control'], lines.join().includes('hunter2')]).toEqual(['no-store', false]);
});
