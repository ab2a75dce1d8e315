import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Clock } from '../clock.ts';
import type { Authorization } from '../iam/authorization.ts';
import { invocationOf } from '../iam/policy.ts';
import {
  authorizerEvent,
  integrationEvent,
  type RequestEvent,
  requestEvent,
  splitUrl,
} from './http-api-event.ts';
import { gatewayResponse, type HttpResponse, responseOf } from './http-api-response.ts';
import { matchRoute } from './http-api-routes.ts';
import type { InvocationResult, LambdaFunctions } from './lambda.ts';
import type { Json, JsonObject } from './service.ts';

export interface Route {
  readonly routeKey: string;
  readonly integrationId: string;
  /** Undefined where the route is open. */
  readonly authorizerId: string | undefined;
}

export interface Integration {
  readonly functionArn: string;
  readonly timeoutMilliseconds: number;
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
const MOST_BODY_BYTES = 10 * 1024 * 1024;
const AUTHORIZER_TIMEOUT_MILLISECONDS = 10_000;

const FORBIDDEN = gatewayResponse(403, 'Forbidden');
const INTERNAL_SERVER_ERROR = gatewayResponse(500, 'Internal Server Error');
const NOT_FOUND = gatewayResponse(404, 'Not Found');
const SERVICE_UNAVAILABLE = gatewayResponse(503, 'Service Unavailable');
const TOO_LARGE = gatewayResponse(413, 'Request Entity Too Large');
const UNAUTHORIZED = gatewayResponse(401, 'Unauthorized');

/** An API Gateway HTTP API with Lambda integrations and authorizers, in payload format 2.0. */
export class HttpApi {
  readonly routes: Route[] = [];
  readonly integrations = new Map<string, Integration>();
  /** The ARN of each authorizer's function, by the authorizer's id. */
  readonly authorizers = new Map<string, string>();
  apiId: string | undefined;
  /** False while the template is being deployed. */
  isServing = false;
  readonly #clock: Clock;
  readonly #functions: LambdaFunctions;
  readonly #authorization: Authorization;
  readonly #environment: { readonly accountId: string; readonly region: string };

  constructor(options: {
    clock: Clock;
    functions: LambdaFunctions;
    authorization: Authorization;
    environment: { accountId: string; region: string };
  }) {
    this.#clock = options.clock;
    this.#functions = options.functions;
    this.#authorization = options.authorization;
    this.#environment = options.environment;
  }

  createServer(): Server {
    return createServer((incoming, outgoing) => {
      const requestId = randomUUID();
      this.#respond(incoming, requestId)
        .catch((error: unknown): HttpResponse => {
          // The caller is not told, on AWS neither; who runs this machine should know.
          process.emitWarning(`API Gateway: ${error instanceof Error ? error.message : String(error)}`);
          return INTERNAL_SERVER_ERROR;
        })
        .then(({ statusCode, headers, body }) => {
          // The rest of a body that is too large is not read: the connection ends with the answer.
          const rest = incoming.complete ? {} : { connection: 'close' };
          outgoing
            .writeHead(statusCode, {
              ...headers,
              ...rest,
              'apigw-requestid': requestId,
              'content-length': body.length,
            })
            .end(incoming.method === 'HEAD' ? undefined : body);
        });
    });
  }

  async #respond(incoming: IncomingMessage, requestId: string): Promise<HttpResponse> {
    if (!this.isServing) return SERVICE_UNAVAILABLE;
    const method = incoming.method ?? 'GET';
    const match = matchRoute(this.routes, method, splitUrl(incoming.url ?? '/').path);
    if (match === undefined) return NOT_FOUND;
    const body = await readLimited(incoming);
    if (body === undefined) return TOO_LARGE;
    const { routeKey, authorizerId, integrationId } = match.route;
    const event = requestEvent(incoming, {
      accountId: this.#environment.accountId,
      apiId: this.apiId ?? '',
      requestId,
      receivedAtEpochMilliseconds: this.#clock.now(),
      routeKey,
      pathParameters: match.pathParameters,
    });
    let authorizer: JsonObject | undefined;
    if (authorizerId !== undefined) {
      const verdict = await this.#authorize(authorizerId, event);
      if ('refusal' in verdict) return verdict.refusal;
      authorizer = { lambda: verdict.context };
    }
    const integration = this.integrations.get(integrationId);
    if (integration === undefined) return INTERNAL_SERVER_ERROR;
    const contentType = incoming.headers['content-type'] ?? '';
    const result = await this.#invoke(
      integration.functionArn,
      integrationEvent(event, body, contentType, authorizer),
      {
        timeoutMilliseconds: integration.timeoutMilliseconds,
        source: `$default/${sourceOf(match.route.routeKey)}`,
      },
    );
    if (result === 'timeout') return SERVICE_UNAVAILABLE;
    return (result.succeeded ? responseOf(result.payload) : undefined) ?? INTERNAL_SERVER_ERROR;
  }

  /**
   * Asks a REQUEST authorizer with simple responses
   * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html).
   */
  async #authorize(
    authorizerId: string,
    event: RequestEvent,
  ): Promise<{ refusal: HttpResponse } | { context: Json }> {
    const functionArn = this.authorizers.get(authorizerId);
    if (functionArn === undefined) return { refusal: INTERNAL_SERVER_ERROR };
    const result = await this.#invoke(functionArn, authorizerEvent(event, this.#environment.region), {
      timeoutMilliseconds: AUTHORIZER_TIMEOUT_MILLISECONDS,
      source: `authorizers/${authorizerId}`,
    });
    if (result === 'timeout') return { refusal: INTERNAL_SERVER_ERROR };
    if (!result.succeeded)
      return { refusal: result.error.errorMessage === 'Unauthorized' ? UNAUTHORIZED : INTERNAL_SERVER_ERROR };
    const verdict = result.payload;
    if (verdict === null || typeof verdict !== 'object' || Array.isArray(verdict))
      return { refusal: INTERNAL_SERVER_ERROR };
    if (typeof verdict['isAuthorized'] !== 'boolean') return { refusal: INTERNAL_SERVER_ERROR };
    return verdict['isAuthorized'] ? { context: verdict['context'] ?? null } : { refusal: FORBIDDEN };
  }

  /** Throws if the function does not permit it. As with a function's own timeout, the machine's time counts. */
  async #invoke(
    functionArn: string,
    event: JsonObject,
    { timeoutMilliseconds, source }: { timeoutMilliseconds: number; source: string },
  ): Promise<InvocationResult | 'timeout'> {
    const { accountId, region } = this.#environment;
    this.#authorization.demand(
      {
        kind: 'service',
        name: 'apigateway.amazonaws.com',
        sourceArn: `arn:aws:execute-api:${region}:${accountId}:${this.apiId}/${source}`,
      },
      invocationOf(functionArn),
    );
    const { promise: timeout, resolve } = Promise.withResolvers<'timeout'>();
    const timer = setTimeout(resolve, timeoutMilliseconds, 'timeout');
    try {
      return await Promise.race([this.#functions.invoke(functionArn, event), timeout]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * What a permission's SourceArn says of a route after the API's stage
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
 */
function sourceOf(routeKey: string): string {
  return routeKey.replace(' ', '');
}

/** Undefined if the body is longer than API Gateway takes. */
async function readLimited(incoming: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(incoming.headers['content-length'] ?? 0) > MOST_BODY_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes > MOST_BODY_BYTES) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
