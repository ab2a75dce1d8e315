import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AwsError, Json, JsonObject } from './service.ts';
import { claimedScope, SignatureError } from './signature.ts';

/** What a request asks for, and how (https://smithy.io/2.0/aws/protocols/). */
export interface Request {
  readonly protocol: 'aws-json' | 'aws-query' | 'rest-json' | 'rest-xml';
  /** Of its answer. */
  readonly contentType: string;
  /** The name that the service's requests are signed for: `kms`, `states`. Empty where nothing tells. */
  readonly service: string;
  /** Its name; where the protocol has none, the method and the path. */
  readonly operation: string;
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The services whose REST is in XML. */
const REST_XML = new Set(['cloudfront', 'route53', 's3']);

/** The names that the older protocols have for what AWS JSON calls otherwise. */
const XML_CODES: Readonly<Record<string, string>> = {
  AccessDeniedException: 'AccessDenied',
  DeleteConflictException: 'DeleteConflict',
  EntityAlreadyExistsException: 'EntityAlreadyExists',
  ExpiredTokenException: 'ExpiredToken',
  IncompleteSignatureException: 'IncompleteSignature',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  LimitExceededException: 'LimitExceeded',
  MalformedPolicyDocumentException: 'MalformedPolicyDocument',
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  NoSuchEntityException: 'NoSuchEntity',
  UnknownOperationException: 'InvalidAction',
  UnmodifiableEntityException: 'UnmodifiableEntity',
  UnrecognizedClientException: 'InvalidClientTokenId',
  ValidationException: 'ValidationError',
};

/** `signingNames` are those of the known services, by the prefix of their `X-Amz-Target`. */
export function readRequest(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  signingNames: ReadonlyMap<string, string>,
): Request {
  const service = claimedScope(headers).service ?? '';
  const contentType = headers['content-type'] ?? '';
  const target = headers['x-amz-target'];
  if (target !== undefined) {
    const [prefix = '', operation = ''] = String(target).split(/\.(.*)/);
    const known = signingNames.get(prefix);
    return {
      protocol: 'aws-json',
      contentType: contentType.startsWith('application/x-amz-json-')
        ? contentType
        : 'application/x-amz-json-1.0',
      ...(known === undefined ? { service, operation: String(target) } : { service: known, operation }),
    };
  }
  if (contentType.startsWith('application/x-www-form-urlencoded')) {
    const action = new URLSearchParams(body.toString()).get('Action');
    if (action !== null)
      return { protocol: 'aws-query', contentType: 'text/xml', service, operation: action };
  }
  const operation = `${method} ${url}`;
  return REST_XML.has(service)
    ? { protocol: 'rest-xml', contentType: 'application/xml', service, operation }
    : { protocol: 'rest-json', contentType: 'application/json', service, operation };
}

/** An error as a client of the request's protocol reads it; `members` are further ones of its shape. */
export function errorAnswer(error: AwsError, request: Request, members: JsonObject): Answer {
  const { protocol, contentType } = request;
  const { code, message } = error;
  const requestId = randomUUID();
  const headers = { 'content-type': contentType, 'x-amzn-requestid': requestId };
  const isForbidden =
    error instanceof SignatureError || code === 'AccessDeniedException' || code === 'ExpiredTokenException';
  // AWS JSON has 400 for it.
  const statusCode = isForbidden && protocol !== 'aws-json' ? 403 : error.statusCode;
  if (protocol === 'aws-json' || protocol === 'rest-json')
    return {
      statusCode,
      headers: { ...headers, 'x-amzn-errortype': code },
      body: JSON.stringify({ __type: code, message, ...members }),
    };
  const Type = statusCode < 500 ? 'Sender' : 'Receiver';
  const fault = element('Error', { Type, Code: XML_CODES[code] ?? code, Message: message });
  const body = `<ErrorResponse>${fault}<RequestId>${requestId}</RequestId></ErrorResponse>`;
  return { statusCode, headers, body };
}

/** What an operation of the query protocol answers (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html). */
export function queryAnswer(operation: string, namespace: string, members: JsonObject): Answer {
  const requestId = randomUUID();
  const result = element(`${operation}Result`, members);
  const metadata = element('ResponseMetadata', { RequestId: requestId });
  return {
    statusCode: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body: `<${operation}Response xmlns="${namespace}">${result}${metadata}</${operation}Response>`,
  };
}

/** The input of an operation of the query protocol: `Tags.member.1.Key=grant` is `{Tags: [{Key: 'grant'}]}`. */
export function readQuery(body: string): JsonObject {
  const input: JsonObject = {};
  for (const [name, text] of new URLSearchParams(body)) {
    if (name === 'Action' || name === 'Version') continue;
    let place = input;
    const steps = name.split('.');
    const last = steps.pop() ?? '';
    for (const step of steps) {
      place[step] ??= {};
      place = place[step] as JsonObject;
    }
    place[last] = text;
  }
  return listsIn(input) as JsonObject;
}

function listsIn(value: Json): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const { member, ...rest } = value;
  if (typeof member === 'object' && member !== null && Object.keys(rest).length === 0)
    return Object.values(member).map(listsIn);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, listsIn(one)]));
}

function element(name: string, value: Json): string {
  if (Array.isArray(value))
    return `<${name}>${value.map((one) => element('member', one)).join('')}</${name}>`;
  if (value === null || typeof value !== 'object') return `<${name}>${escapeXml(String(value))}</${name}>`;
  const children = Object.entries(value).map(([member, one]) => element(member, one));
  return `<${name}>${children.join('')}</${name}>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
