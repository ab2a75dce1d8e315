import type { IncomingMessage } from 'node:http';
import type { Json, JsonObject } from './service.ts';

/** What an event says beyond the request itself. */
export interface RequestFacts {
  readonly accountId: string;
  readonly apiId: string;
  readonly requestId: string;
  readonly receivedAtEpochMilliseconds: number;
  readonly routeKey: string;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** What an authorizer and an integration are told alike, in payload format 2.0. */
export type RequestEvent = JsonObject & { requestContext: JsonObject };

/**
 * A request as a Lambda function hears of it, in payload format 2.0, but for the body
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
 * `rawPath` is decoded, as API Gateway decodes it, and `rawQueryString` is not.
 */
export function requestEvent(incoming: IncomingMessage, facts: RequestFacts): RequestEvent {
  const { path, query } = splitUrl(incoming.url ?? '/');
  const { cookie, ...headers } = headersOf(incoming);
  const host = headers['host'] ?? '';
  return {
    version: '2.0',
    routeKey: facts.routeKey,
    rawPath: path,
    rawQueryString: query,
    ...(cookie === undefined ? {} : { cookies: cookie.split(/; */) }),
    headers,
    ...present('queryStringParameters', queryParameters(query)),
    requestContext: {
      accountId: facts.accountId,
      apiId: facts.apiId,
      domainName: host.replace(/:\d+$/, ''),
      domainPrefix: facts.apiId,
      http: {
        method: incoming.method ?? 'GET',
        path,
        protocol: `HTTP/${incoming.httpVersion}`,
        sourceIp: incoming.socket.remoteAddress ?? '',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: facts.requestId,
      routeKey: facts.routeKey,
      stage: '$default',
      time: commonLogTime(facts.receivedAtEpochMilliseconds),
      timeEpoch: Math.round(facts.receivedAtEpochMilliseconds),
    },
    ...present('pathParameters', facts.pathParameters),
  };
}

/** The event of an integration: the body as text where it is text, else in base64. */
export function integrationEvent(
  event: RequestEvent,
  body: Buffer,
  contentType: string,
  authorizer: JsonObject | undefined,
): JsonObject {
  const isText = isTextual(contentType);
  return {
    ...event,
    requestContext: { ...event.requestContext, ...(authorizer === undefined ? {} : { authorizer }) },
    ...(body.length === 0 ? {} : { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html#http-api-lambda-authorizer.payload-format */
export function authorizerEvent(event: RequestEvent, region: string): JsonObject {
  const { accountId, apiId, http } = event.requestContext;
  const { method, path } = http as { method: string; path: string };
  return {
    ...event,
    type: 'REQUEST',
    routeArn: `arn:aws:execute-api:${region}:${accountId}:${apiId}/$default/${method}${path}`,
    identitySource: null,
  };
}

/** The path, decoded, and the query as it came. */
export function splitUrl(url: string): { path: string; query: string } {
  const at = url.indexOf('?');
  const path = at === -1 ? url : url.slice(0, at);
  return { path: decode(path), query: at === -1 ? '' : url.slice(at + 1) };
}

/** API Gateway takes these for text; a form, too, arrives in base64. */
function isTextual(contentType: string): boolean {
  return (
    contentType === '' ||
    /^(text\/|application\/(json|xml|javascript)\b|[^;]+\+(json|xml)\b)/i.test(contentType)
  );
}

function headersOf(incoming: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(incoming.headersDistinct).map(([name, values = []]) => [
      name,
      values.join(name === 'cookie' ? '; ' : ','),
    ]),
  );
}

function queryParameters(query: string): Record<string, string> {
  const names = new URLSearchParams(query);
  return Object.fromEntries([...names.keys()].map((name) => [name, names.getAll(name).join(',')]));
}

function present(name: string, members: Readonly<Record<string, string>>): Record<string, Json> {
  return Object.keys(members).length === 0 ? {} : { [name]: { ...members } };
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** `12/Mar/2020:19:03:58 +0000` */
function commonLogTime(epochMilliseconds: number): string {
  const [, day, month, year, time] = new Date(epochMilliseconds).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
