import middy, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import * as z from 'zod';
import { Caller } from '../verification/caller.ts';
import { type Dialect, plainJson } from './dialect.ts';
import { BrokenInvariant, DependencyUnavailable, StateConflict } from './failures.ts';
import { describeFailure, log } from './logger.powertools.ts';
import { invalidRequest, notFound, oauthError, Problem, unauthenticated } from './problem.ts';
import { PROOF_ALGORITHMS } from './proof-of-possession.port.ts';
import { type Route, routeKey } from './route.ts';

/** The largest body that is read where a route does not say, in bytes. */
const USUAL_BODY_BYTES = 64 * 1024;
const MOST_PARAMETER_CHARACTERS = 256;

type Parsed<Schema> = Schema extends z.ZodType ? z.infer<Schema> : undefined;

/** A request, as the route's own schemas let it through. */
export interface HttpRequest<R extends Route> {
  readonly caller: R extends { readonly open: true } ? undefined : Caller;
  /** What came; a route may serve any. */
  readonly method: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Parsed<R['query']>;
  readonly body: Parsed<R['body']>;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface ServedRoute {
  readonly route: Route;
  readonly act: (request: HttpRequest<Route>) => Promise<HttpAnswer>;
}

/** Joins a route to what it does. */
export function serve<const R extends Route>(
  route: R,
  act: (request: HttpRequest<R>) => Promise<HttpAnswer>,
): ServedRoute {
  return { route, act: act as unknown as ServedRoute['act'] };
}

type HttpFunction = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>;

/**
 * The function behind one or more routes of the HTTP API. It answers 401 itself: API Gateway's authorizer
 * cannot answer with the challenges of RFC 6750 and RFC 9470, so it only tells whom it found. A route that is
 * not open is never acted on without a caller.
 */
export function httpHandler(name: string, served: readonly ServedRoute[]): HttpFunction {
  const byKey = new Map(served.map((one) => [routeKey(one.route), one]));
  const dialectOf = ({ routeKey: key }: APIGatewayProxyEventV2) => byKey.get(key)?.route.dialect ?? plainJson;
  const handle = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
    const found = byKey.get(event.routeKey);
    if (event.routeKey === '$default') throw notFound('route');
    if (found === undefined)
      throw new BrokenInvariant('A route is bound to a function that does not serve it');
    const { route, act } = found;
    const request = {
      caller: route.open ? undefined : callerOf(event),
      method: event.requestContext.http.method,
      parameters: pathParameters(event),
      query:
        route.query === undefined
          ? undefined
          : parse(route.query, event.queryStringParameters ?? {}, 'query'),
      body:
        route.body === undefined || isLeftOut(route.body, event)
          ? undefined
          : parseBody(route.body, event, route),
      headers: event.headers,
    };
    return respond(await act(request as HttpRequest<Route>), dialectOf(event));
  };
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
    .use(echoRequestId())
    .use(answerToProofs())
    .use(answerFailures(name, dialectOf))
    .use(logAnswer(name))
    .handler(handle) as unknown as HttpFunction;
}

/** What the authorizer tells of a request (`AuthorizeCaller`). */
const AuthorizerContext = z.object({
  caller: z.string().optional(),
  refusal: z.enum(['no_token', 'invalid_token', 'invalid_dpop_proof', 'use_dpop_nonce']).optional(),
  /** In which scheme a token was sent. */
  scheme: z.enum(['Bearer', 'DPoP']).optional(),
  nextNonce: z.string().optional(),
});

function authorizerContext(event: APIGatewayProxyEventV2): z.infer<typeof AuthorizerContext> {
  const { authorizer } = event.requestContext as { authorizer?: { lambda?: unknown } };
  return AuthorizerContext.safeParse(authorizer?.lambda).data ?? {};
}

const refusals = {
  invalid_token:
    'The access token is expired, revoked, not one of ours, or sent in the scheme of another kind.',
  invalid_dpop_proof: 'The proof is not of the key of the token, not for this request, or was shown before.',
  use_dpop_nonce: 'Make the proof with the nonce that this answer gives in DPoP-Nonce.',
} as const;

function callerOf(event: APIGatewayProxyEventV2): Caller {
  const { caller, refusal } = authorizerContext(event);
  if (caller !== undefined) return Caller.parse(JSON.parse(caller));
  if (refusal === undefined || refusal === 'no_token')
    throw unauthenticated('Send an access token: Authorization: Bearer … (from POST /oauth2/token).');
  throw unauthenticated(refusals[refusal], refusal);
}

function pathParameters(event: APIGatewayProxyEventV2): Record<string, string> {
  const parameters = Object.entries(event.pathParameters ?? {}).map(
    ([key, value]) => [key, value ?? ''] as const,
  );
  if (parameters.some(([, value]) => value.length > MOST_PARAMETER_CHARACTERS)) {
    throw invalidRequest(`A path parameter is longer than ${MOST_PARAMETER_CHARACTERS} characters.`);
  }
  return Object.fromEntries(parameters);
}

/** Whether a request comes without the body that it need not have. */
function isLeftOut(schema: z.ZodType, event: APIGatewayProxyEventV2): boolean {
  return (event.body ?? '') === '' && schema.safeParse(undefined).success;
}

/** A form is an OAuth request, so its refusal speaks OAuth too (RFC 6749 §5.2). */
function parseBody(schema: z.ZodType, event: APIGatewayProxyEventV2, route: Route): unknown {
  try {
    return parse(schema, readBody(event, route), 'body');
  } catch (error) {
    const isForm = route.bodyType === 'application/x-www-form-urlencoded';
    if (!isForm || !(error instanceof Problem) || error.status !== 400) throw error;
    const grantType = /^body member grant_type/.test(error.detail);
    throw oauthError(grantType ? 'unsupported_grant_type' : 'invalid_request', error.detail);
  }
}

function readBody(event: APIGatewayProxyEventV2, route: Route): unknown {
  const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  const { mostBodyBytes = USUAL_BODY_BYTES } = route;
  if (body.byteLength > mostBodyBytes) {
    throw new Problem(413, 'body-too-large', 'The body is too large', `Send at most ${mostBodyBytes} bytes.`);
  }
  const { mediaType, alsoAccepted } = route.dialect ?? plainJson;
  const expected = route.bodyType ?? mediaType;
  const contentType = (event.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (contentType !== expected && (route.bodyType !== undefined || !alsoAccepted.includes(contentType)))
    throw invalidRequest(`Send the body with Content-Type: ${expected}.`);
  const text = body.toString('utf8');
  return route.bodyType === undefined ? parseJson(text) : parseForm(text);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidRequest('The body is not JSON.');
  }
}

/** A parameter that comes twice is refused (RFC 6749 §3.2). */
function parseForm(text: string): Record<string, string> {
  const form = new URLSearchParams(text);
  const names = [...form.keys()];
  if (new Set(names).size !== names.length) throw invalidRequest('A parameter comes more than once.');
  return Object.fromEntries(form);
}

function parse(schema: z.ZodType, value: unknown, where: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  const first = errors[0];
  const place = first?.path ? `${where} member ${first.path}` : where;
  throw invalidRequest(`${place}: ${first?.message ?? 'not valid'}`, errors);
}

function respond(answer: HttpAnswer, { mediaType }: Dialect): APIGatewayProxyStructuredResultV2 {
  return {
    statusCode: answer.status,
    headers: {
      'cache-control': 'no-store',
      ...(answer.body === undefined ? {} : { 'content-type': mediaType }),
      ...answer.headers,
    },
    ...(answer.body === undefined ? {} : { body: JSON.stringify(answer.body) }),
  };
}

/** Whatever was thrown becomes a refusal in the route's dialect. Outermost, so that nothing leaves in another form. */
function answerFailures(name: string, dialectOf: (event: APIGatewayProxyEventV2) => Dialect): MiddlewareObj {
  return {
    onError: (request) => {
      const problem = problemOf(request.error);
      if (problem.status >= 500) {
        log.error(`${name} failed`, { failure: describeFailure(request.error), status: problem.status });
      } else {
        log.info(`${name} refused`, { problem: problem.type, status: problem.status });
      }
      const event = request.event as APIGatewayProxyEventV2;
      const dialect = dialectOf(event);
      request.response = {
        statusCode: problem.status,
        headers: {
          'content-type': dialect.refusalMediaType,
          'cache-control': 'no-store',
          ...problem.headers,
        },
        body: JSON.stringify(dialect.refusal(problem, event.requestContext.requestId)),
      } satisfies APIGatewayProxyStructuredResultV2;
    },
  };
}

/**
 * Who came with a proof is given the nonce for the next (RFC 9449 §8.2). A challenge names the scheme in which the token
 * was sent; a token that was not bound to a key may have been expected to be, so there both are offered (§7.1).
 */
function answerToProofs(): MiddlewareObj {
  const answer: MiddlewareObj['after'] = (request) => {
    const { scheme, nextNonce } = authorizerContext(request.event as APIGatewayProxyEventV2);
    const response = request.response as APIGatewayProxyStructuredResultV2;
    const challenge = response.headers?.['www-authenticate'];
    const algorithms = `algs="${PROOF_ALGORITHMS.join(' ')}"`;
    response.headers = {
      ...response.headers,
      ...(nextNonce === undefined ? {} : { 'dpop-nonce': nextNonce }),
      ...(typeof challenge !== 'string'
        ? {}
        : {
            'www-authenticate':
              scheme === 'DPoP'
                ? `${challenge.replace(/^Bearer/, 'DPoP')}, ${algorithms}`
                : `${challenge}, DPoP ${algorithms}`,
          }),
    };
  };
  return { after: answer, onError: answer };
}

/** A caller's own id for its request comes back with the answer (AuthZEN Authorization API 1.0, transport). */
function echoRequestId(): MiddlewareObj {
  const echo: MiddlewareObj['after'] = (request) => {
    const id = (request.event as APIGatewayProxyEventV2).headers['x-request-id'];
    if (id === undefined || !/^[\x20-\x7e]{1,256}$/.test(id)) return;
    const response = request.response as APIGatewayProxyStructuredResultV2;
    response.headers = { ...response.headers, 'x-request-id': id };
  };
  return { after: echo, onError: echo };
}

function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof StateConflict) {
    return new Problem(
      409,
      'conflict',
      'The state changed meanwhile',
      'Nothing was changed. Read it again and retry.',
    );
  }
  if (thrown instanceof DependencyUnavailable) {
    return new Problem(
      503,
      'unavailable',
      'Not available now',
      'A service did not answer. Try the same again.',
      {
        headers: { 'retry-after': '1' },
      },
    );
  }
  return new Problem(500, 'internal', 'Something is broken here', 'Nothing is promised to have happened.');
}

function logAnswer(name: string): MiddlewareObj {
  return {
    after: (request) => {
      const { routeKey: route } = request.event as APIGatewayProxyEventV2;
      const { statusCode } = request.response as APIGatewayProxyStructuredResultV2;
      log.info(`${name} completed`, { route, ...(statusCode === undefined ? {} : { status: statusCode }) });
    },
  };
}
