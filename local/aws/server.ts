import { randomUUID } from 'node:crypto';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Authorization } from '../iam/authorization.ts';
import { type Callers, OPERATOR } from '../iam/callers.ts';
import { type Access, invocationOf } from '../iam/policy.ts';
import type { Principal } from '../iam/principal.ts';
import { type AwsCall, type Faults, InjectedFault } from './faults.ts';
import type { LambdaFunctions } from './lambda.ts';
import { AwsError, type AwsService, type JsonObject } from './service.ts';

export interface AwsServerOptions {
  readonly services: readonly AwsService[];
  readonly dynamoDb: Pick<AwsService, 'accesses'> & { readonly endpoint: string };
  readonly functions: LambdaFunctions;
  readonly callers: Callers;
  readonly authorization: Authorization;
  readonly faults: Faults;
  /** Hears of each call before it is served. */
  readonly onCall: (call: AwsCall) => void;
}

const DYNAMODB_TARGET_PREFIX = 'DynamoDB_20120810';

/** One endpoint for all of the emulated AWS: for the functions, and for SDK and CLI clients of the machine. */
export function createAwsServer(options: AwsServerOptions): Server {
  const services = new Map(options.services.map((service) => [service.targetPrefix, service]));
  const connections = new Agent({ keepAlive: true });

  const demandAll = (principal: Principal, accesses: readonly Access[]): void => {
    for (const access of accesses) options.authorization.demand(principal, access);
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(incoming);
    const { principal } = options.callers.find(accessKeyOf(incoming)) ?? OPERATOR;
    const invokedFunction = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(incoming.url ?? '')?.[1];
    if (invokedFunction !== undefined) {
      const functionArn = options.functions.arnOf(decodeURIComponent(invokedFunction));
      options.authorization.demand(principal, invocationOf(functionArn));
      return serveInvocation(options.functions, functionArn, body, response);
    }

    const target = String(incoming.headers['x-amz-target'] ?? '');
    const dot = target.indexOf('.');
    const targetPrefix = target.slice(0, Math.max(0, dot));
    const operationName = target.slice(dot + 1);
    const isForDynamoDb = targetPrefix === DYNAMODB_TARGET_PREFIX;
    const service = services.get(targetPrefix);
    const call: AwsCall = {
      service: isForDynamoDb ? 'dynamodb' : (service?.signingName ?? targetPrefix),
      operation: operationName,
      functionName: principal.kind === 'role' ? principal.sessionName : undefined,
    };
    options.onCall(call);
    options.faults.strike(call, 'before');

    if (isForDynamoDb) {
      demandAll(principal, options.dynamoDb.accesses(operationName, parseJson(body)));
      const answer = await forward(incoming, body, options.dynamoDb.endpoint, connections);
      options.faults.strike(call, 'after');
      response.writeHead(answer.statusCode, answer.headers).end(answer.body);
      return;
    }
    if (service === undefined)
      throw new AwsError(
        'UnknownOperationException',
        `The local runtime does not have the AWS service of ${target ? `"${target}"` : `${incoming.method} ${incoming.url}`}`,
      );
    const operation = service.operations[operationName];
    if (operation === undefined)
      throw new AwsError(
        'UnknownOperationException',
        `The local runtime does not have the operation ${operationName} of ${call.service}`,
      );
    const input = parseJson(body);
    demandAll(principal, service.accesses(operationName, input));
    const output = await operation(input);
    options.faults.strike(call, 'after');
    response
      .writeHead(200, { 'content-type': service.contentType, 'x-amzn-requestid': randomUUID() })
      .end(JSON.stringify(output));
  };

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch((thrown: unknown) => answerError(thrown, incoming, response));
  });
  server.once('close', () => connections.destroy());
  return server;
}

/**
 * An error of AWS JSON, with its shape's name in `__type`
 * (https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html#operation-error-serialization).
 */
function answerError(thrown: unknown, incoming: IncomingMessage, response: ServerResponse): void {
  const error =
    thrown instanceof AwsError ? thrown : new AwsError('InternalFailure', `${String(thrown)}`, 500);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response
    .writeHead(error.statusCode, {
      'content-type': incoming.headers['content-type'] ?? 'application/x-amz-json-1.0',
      'x-amzn-errortype': error.code,
      'x-amzn-requestid': randomUUID(),
    })
    .end(
      JSON.stringify({
        __type: error.code,
        message: error.message,
        ...(error instanceof InjectedFault ? error.members : {}),
      }),
    );
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

/** The access key in the signature's credential scope. */
function accessKeyOf(incoming: IncomingMessage): string {
  return /Credential=([^/]+)\//.exec(incoming.headers.authorization ?? '')?.[1] ?? '';
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
