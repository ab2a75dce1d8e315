import { randomUUID } from 'node:crypto';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Clock } from '../clock.ts';
import type { Authorization } from '../iam/authorization.ts';
import type { Callers } from '../iam/callers.ts';
import { type Access, invocationOf } from '../iam/policy.ts';
import type { Principal } from '../iam/principal.ts';
import { type AwsCall, type Faults, InjectedFault } from './faults.ts';
import type { LambdaFunctions } from './lambda.ts';
import { type Answer, errorAnswer, queryAnswer, type Request, readQuery, readRequest } from './protocols.ts';
import { AwsError, type AwsService, type JsonObject, type QueryService } from './service.ts';
import { SignatureError, type SignedRequest } from './signature.ts';

export interface AwsServerOptions {
  readonly services: readonly AwsService[];
  readonly queryServices: readonly QueryService[];
  readonly dynamoDb: Pick<AwsService, 'accesses'> & { readonly endpoint: string };
  readonly functions: LambdaFunctions;
  readonly callers: Callers;
  /** The access key id of whoever makes a request to a service. */
  readonly authenticate: (request: SignedRequest, service: string) => Promise<string>;
  readonly authorization: Authorization;
  readonly clock: Clock;
  readonly faults: Faults;
  /** Hears of each call before it is served. */
  readonly onCall: (call: AwsCall) => void;
}

const DYNAMODB_TARGET_PREFIX = 'DynamoDB_20120810';

/** One endpoint for all of the emulated AWS: for the functions, and for SDK and CLI clients of the machine. */
export function createAwsServer(options: AwsServerOptions): Server {
  const services = new Map(options.services.map((service) => [service.signingName, service]));
  const queryServices = new Map(options.queryServices.map((service) => [service.signingName, service]));
  const signingNames = new Map([
    [DYNAMODB_TARGET_PREFIX, 'dynamodb'],
    ...options.services.map(({ targetPrefix, signingName }) => [targetPrefix, signingName] as const),
  ]);
  const connections = new Agent({ keepAlive: true });

  const demandAll = (principal: Principal, accesses: readonly Access[]): void => {
    for (const access of accesses) options.authorization.demand(principal, access);
  };

  const principalOf = (accessKeyId: string): Principal => {
    const principal = options.callers.believe(accessKeyId)?.principal;
    if (principal === undefined)
      throw new SignatureError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    const expiresAt = principal.kind === 'role' ? principal.session?.expiresAtEpochSeconds : undefined;
    if (expiresAt !== undefined && expiresAt * 1000 <= options.clock.now())
      throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired');
    return principal;
  };

  const serve = async (
    incoming: IncomingMessage,
    body: Buffer,
    asked: Request,
    response: ServerResponse,
  ): Promise<void> => {
    const { method = '', url = '', headers } = incoming;
    const invokedFunction = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(url)?.[1];
    const accessKeyId = await options.authenticate(
      { method, target: url, headers, body },
      invokedFunction === undefined ? asked.service : 'lambda',
    );
    const principal = principalOf(accessKeyId);
    if (invokedFunction !== undefined) {
      const functionArn = options.functions.arnOf(decodeURIComponent(invokedFunction));
      options.authorization.demand(principal, invocationOf(functionArn));
      return serveInvocation(options.functions, functionArn, body, response);
    }

    const call: AwsCall = {
      service: asked.service,
      operation: asked.operation,
      functionName: principal.kind === 'role' ? principal.sessionName : undefined,
    };
    options.onCall(call);
    options.faults.strike(call, 'before');

    if (asked.protocol === 'aws-json' && call.service === 'dynamodb') {
      demandAll(principal, options.dynamoDb.accesses(call.operation, parseJson(body)));
      const answer = await forward(incoming, body, options.dynamoDb.endpoint, connections);
      options.faults.strike(call, 'after');
      if (isUnknownOperation(answer)) throw unknownOperation(call);
      const { date: _, ...headers } = answer.headers;
      response.writeHead(answer.statusCode, headers).end(answer.body);
      return;
    }
    if (asked.protocol === 'aws-query') {
      const service = queryServices.get(call.service);
      const operation = service && ownOperation(service.operations, call.operation);
      if (service === undefined || operation === undefined) throw unknownOperation(call);
      const input = readQuery(body.toString());
      demandAll(principal, service.accesses(call.operation, input));
      const output = await operation(input, principal);
      options.faults.strike(call, 'after');
      return write(queryAnswer(call.operation, service.namespace, output), response);
    }
    const service = asked.protocol === 'aws-json' ? services.get(call.service) : undefined;
    const operation = service && ownOperation(service.operations, call.operation);
    if (service === undefined || operation === undefined) throw unknownOperation(call);
    const input = parseJson(body);
    demandAll(principal, service.accesses(call.operation, input));
    const output = await operation(input);
    options.faults.strike(call, 'after');
    response
      .writeHead(200, { 'content-type': service.contentType, 'x-amzn-requestid': randomUUID() })
      .end(JSON.stringify(output));
  };

  const server = createServer((incoming, response) => {
    // By it an SDK sets its own clock right, in whose time it signs.
    response.setHeader('date', new Date(options.clock.now()).toUTCString());
    readBody(incoming).then(
      (body) => {
        const asked = readRequest(incoming, body, signingNames);
        serve(incoming, body, asked, response).catch((thrown: unknown) =>
          answerError(thrown, asked, response),
        );
      },
      () => response.destroy(),
    );
  });
  server.once('close', () => connections.destroy());
  return server;
}

/** The operation of this name, unless it is one that every object has. */
function ownOperation<Operation>(
  operations: Readonly<Record<string, Operation>>,
  name: string,
): Operation | undefined {
  return Object.hasOwn(operations, name) ? operations[name] : undefined;
}

/** Whether the database does not have the operation: it does not say which. */
function isUnknownOperation({ statusCode, body }: { statusCode: number; body: Buffer }): boolean {
  return statusCode === 400 && String(parseJson(body)['__type']).endsWith('UnknownOperationException');
}

function unknownOperation({ operation, service }: AwsCall): AwsError {
  return new AwsError(
    'UnknownOperationException',
    `The local runtime does not have the operation ${operation} of ${service || 'a service that is not named'}`,
  );
}

function answerError(thrown: unknown, asked: Request, response: ServerResponse): void {
  const error =
    thrown instanceof AwsError ? thrown : new AwsError('InternalFailure', `${String(thrown)}`, 500);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  write(errorAnswer(error, asked, error instanceof InjectedFault ? error.members : {}), response);
}

function write({ statusCode, headers, body }: Answer, response: ServerResponse): void {
  response.writeHead(statusCode, headers).end(body);
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, its synchronous form. */
async function serveInvocation(
  functions: LambdaFunctions,
  functionName: string,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const result = await functions.invoke(functionName, body.length === 0 ? {} : parseJson(body));
  response
    .writeHead(200, {
      'content-type': 'application/json',
      'x-amz-executed-version': '$LATEST',
      'x-amzn-requestid': randomUUID(),
      ...(result.succeeded ? {} : { 'x-amz-function-error': 'Unhandled' }),
    })
    .end(JSON.stringify(result.succeeded ? result.payload : result.error));
}

function parseJson(body: Buffer): JsonObject {
  try {
    return JSON.parse(body.toString()) as JsonObject;
  } catch {
    throw new AwsError('SerializationException', 'The request is not JSON');
  }
}

export async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function forward(
  incoming: IncomingMessage,
  body: Buffer,
  endpoint: string,
  agent: Agent,
): Promise<{ statusCode: number; headers: IncomingMessage['headers']; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const { 'transfer-encoding': _, ...headers } = incoming.headers;
    const outgoing = request(endpoint, {
      agent,
      method: 'POST',
      headers: { ...headers, 'content-length': body.length },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => {
      readBody(answer).then(
        (bytes) => resolve({ statusCode: answer.statusCode ?? 502, headers: answer.headers, body: bytes }),
        reject,
      );
    });
    outgoing.end(body);
  });
}
