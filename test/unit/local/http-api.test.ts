import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JsonObject } from '../../../local/aws/service.ts';
import { LeapingClock } from '../../../local/clock.ts';
import { startRuntime } from '../../../local/runtime.ts';
import { functionResource, writeAssembly } from './fixture-assembly.ts';

const echo = `exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });`;
const answer = `exports.handler = async (event) => JSON.parse(event.body);`;
const failing = `exports.handler = async () => { throw new Error('no'); };`;
const slow = `exports.handler = () => new Promise((resolve) => setTimeout(resolve, 200));`;
const authorizer = `exports.handler = async (event) => {
  const verdict = event.headers.authorization;
  if (verdict === 'echo') return { isAuthorized: true, context: { event } };
  if (verdict === 'throw') throw new Error('broken');
  if (verdict === 'unauthorized') throw new Error('Unauthorized');
  return JSON.parse(verdict);
};`;

const functionArn = (name: string) => ({ 'Fn::GetAtt': [name, 'Arn'] });

const FUNCTIONS = ['Echo', 'Answer', 'Failing', 'Slow', 'Authorizer'];

const permissionResource = (functionName: string): JsonObject => ({
  Type: 'AWS::Lambda::Permission',
  Properties: {
    FunctionName: { 'Fn::GetAtt': [functionName, 'Arn'] },
    Action: 'lambda:InvokeFunction',
    Principal: 'apigateway.amazonaws.com',
  },
});

const template: JsonObject = {
  Resources: {
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'fixture', ProtocolType: 'HTTP' } },
    Stage: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: { ApiId: { Ref: 'Api' }, StageName: '$default', AutoDeploy: true },
    },
    Gate: {
      Type: 'AWS::ApiGatewayV2::Authorizer',
      Properties: {
        ApiId: { Ref: 'Api' },
        Name: 'gate',
        AuthorizerType: 'REQUEST',
        AuthorizerPayloadFormatVersion: '2.0',
        EnableSimpleResponses: true,
        AuthorizerResultTtlInSeconds: 0,
        AuthorizerUri: {
          'Fn::Join': [
            '',
            [
              'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/',
              functionArn('Authorizer'),
              '/invocations',
            ],
          ],
        },
      },
    },
    ...Object.fromEntries(
      ['Echo', 'Answer', 'Failing', 'Slow'].map((name) => [
        `${name}Integration`,
        {
          Type: 'AWS::ApiGatewayV2::Integration',
          Properties: {
            ApiId: { Ref: 'Api' },
            IntegrationType: 'AWS_PROXY',
            IntegrationUri: functionArn(name),
            PayloadFormatVersion: '2.0',
            ...(name === 'Slow' ? { TimeoutInMillis: 50 } : {}),
          },
        },
      ]),
    ),
    ...Object.fromEntries(
      [
        ['ANY /echo/{id}', 'Echo'],
        ['POST /answer', 'Answer'],
        ['GET /failing', 'Failing'],
        ['GET /slow', 'Slow'],
        ['GET /guarded/{id}', 'Echo'],
      ].map(([key = '', name = ''], index) => [
        `Route${index}`,
        {
          Type: 'AWS::ApiGatewayV2::Route',
          Properties: {
            ApiId: { Ref: 'Api' },
            RouteKey: key,
            Target: { 'Fn::Join': ['/', ['integrations', { Ref: `${name}Integration` }]] },
            ...(key.includes('guarded')
              ? { AuthorizationType: 'CUSTOM', AuthorizerId: { Ref: 'Gate' } }
              : { AuthorizationType: 'NONE' }),
          },
        },
      ]),
    ),
    ...Object.fromEntries(
      FUNCTIONS.flatMap((name) => [
        [name, functionResource(name)],
        [`${name}Permission`, permissionResource(name)],
      ]),
    ),
  },
};

async function start(): Promise<string> {
  const assemblyDirectory = writeAssembly(
    { Api: { template } },
    { Echo: echo, Answer: answer, Failing: failing, Slow: slow, Authorizer: authorizer },
  );
  const runtime = await startRuntime({
    assemblyDirectory,
    clock: new LeapingClock({ frozenAt: Date.UTC(2026, 2, 12, 19, 3, 58) }),
  });
  onTestFinished(() => runtime.stop());
  return runtime.apiUrl;
}

describe('HTTP API', () => {
  it('tells the function of a request in payload format 2.0', async () => {
    const apiUrl = await start();
    const response = await fetch(`${apiUrl}/echo/a%20b?q=1&q=2&r=x%26y`, {
      method: 'POST',
      headers: [
        ['content-type', 'application/json'],
        ['cookie', 'a=1; b=2'],
        ['x-many', 'one'],
        ['x-many', 'two'],
        ['user-agent', 'test'],
      ],
      body: '{"a":1}',
    });
    const event = (await response.json()) as { headers: object; requestContext: object };
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'ANY /echo/{id}',
      rawPath: '/echo/a b',
      rawQueryString: 'q=1&q=2&r=x%26y',
      cookies: ['a=1', 'b=2'],
      queryStringParameters: { q: '1,2', r: 'x&y' },
      pathParameters: { id: 'a b' },
      headers: { 'content-type': 'application/json', 'x-many': expect.stringMatching(/^one, ?two$/) },
      requestContext: {
        accountId: '000000000000',
        apiId: expect.stringMatching(/^[0-9a-f]{10}$/),
        domainName: '127.0.0.1',
        http: {
          method: 'POST',
          path: '/echo/a b',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test',
        },
        requestId: response.headers.get('apigw-requestid'),
        routeKey: 'ANY /echo/{id}',
        stage: '$default',
        time: '12/Mar/2026:19:03:58 +0000',
        timeEpoch: Date.UTC(2026, 2, 12, 19, 3, 58),
      },
      body: '{"a":1}',
      isBase64Encoded: false,
    });
    expect(event.headers).not.toHaveProperty('cookie');
    expect(event.requestContext).not.toHaveProperty('authorizer');
  });

  it.each([
    ['application/problem+json', false],
    ['text/plain', false],
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
  ])('hands over a body of %s in base64: %s', async (contentType, isBase64Encoded) => {
    const apiUrl = await start();
    const response = await fetch(`${apiUrl}/echo/1`, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body: 'a=1',
    });
    expect(await response.json()).toMatchObject({
      isBase64Encoded,
      body: isBase64Encoded ? 'YT0x' : 'a=1',
    });
  });

  it('has no body, query or cookies in the event where the request has none', async () => {
    const apiUrl = await start();
    const event = (await (await fetch(`${apiUrl}/echo/1`)).json()) as object;
    expect(Object.keys(event).sort()).toEqual([
      'headers',
      'isBase64Encoded',
      'pathParameters',
      'rawPath',
      'rawQueryString',
      'requestContext',
      'routeKey',
      'version',
    ]);
  });

  it.each([
    [
      { statusCode: 201, headers: { 'Content-Type': 'text/x', Location: '/1' }, body: 'made' },
      { status: 201, type: 'text/x', text: 'made' },
    ],
    [
      { statusCode: 200, body: 'bm8=', isBase64Encoded: true },
      { status: 200, type: 'text/plain;charset=utf-8', text: 'no' },
    ],
    [{ bare: 1 }, { status: 200, type: 'application/json', text: '{"bare":1}' }],
    [
      { statusCode: 'no' },
      { status: 500, type: 'application/json', text: '{"message":"Internal Server Error"}' },
    ],
  ])('makes of %j a response', async (answered, { status, type, text }) => {
    const apiUrl = await start();
    const response = await fetch(`${apiUrl}/answer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(answered),
    });
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      status,
      type,
      text,
    ]);
  });

  it('sets each cookie by a header of its own', async () => {
    const apiUrl = await start();
    const response = await fetch(`${apiUrl}/answer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ statusCode: 204, cookies: ['a=1', 'b=2'] }),
    });
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it.each([
    ['/nowhere', 404, 'Not Found'],
    ['/failing', 500, 'Internal Server Error'],
    ['/slow', 503, 'Service Unavailable'],
  ])('answers GET %s with %d', async (path, status, message) => {
    const response = await fetch(`${await start()}${path}`);
    expect([response.status, await response.json()]).toEqual([status, { message }]);
  });

  it('refuses a body of more than 10 MB', async () => {
    const url = new URL(`${await start()}/echo/1`);
    const status = await new Promise((resolve, reject) => {
      const outgoing = request(url, {
        method: 'POST',
        headers: { 'content-length': 11 * 1024 * 1024 },
      });
      outgoing.once('response', (response) => resolve(response.statusCode));
      outgoing.once('error', reject);
      outgoing.write('x');
    });
    expect(status).toBe(413);
  });

  it('asks the authorizer first, and tells the function what it said', async () => {
    const response = await fetch(`${await start()}/guarded/1`, { headers: { authorization: 'echo' } });
    const { requestContext } = (await response.json()) as {
      requestContext: { authorizer: { lambda: { event: object } } };
    };
    const { event } = requestContext.authorizer.lambda;
    expect(event).toMatchObject({
      version: '2.0',
      type: 'REQUEST',
      routeKey: 'GET /guarded/{id}',
      routeArn: expect.stringMatching(
        /^arn:aws:execute-api:us-east-1:000000000000:[0-9a-f]{10}\/\$default\/GET\/guarded\/1$/,
      ),
      identitySource: null,
      pathParameters: { id: '1' },
      requestContext: { http: { method: 'GET', path: '/guarded/1' } },
    });
    expect(event).not.toHaveProperty('body');
  });

  it.each([
    ['{"isAuthorized":false}', 403, 'Forbidden'],
    ['unauthorized', 401, 'Unauthorized'],
    ['throw', 500, 'Internal Server Error'],
    ['{"isAuthorized":"yes"}', 500, 'Internal Server Error'],
    ['null', 500, 'Internal Server Error'],
  ])('answers as the authorizer decides: %s', async (verdict, status, message) => {
    const response = await fetch(`${await start()}/guarded/1`, { headers: { authorization: verdict } });
    expect([response.status, await response.json()]).toEqual([status, { message }]);
  });
});
