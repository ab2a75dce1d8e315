import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { JsonObject } from '../../../local/aws/service.ts';
import { type Runtime, startRuntime } from '../../../local/runtime.ts';
import { functionResource, writeAssembly } from './fixture-assembly.ts';

/** A function that makes the call that it is asked for, and tells what came of it. */
const caller = `
exports.handler = async ({ target, input }) => {
  const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID } = process.env;
  const response = await fetch(AWS_ENDPOINT_URL, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': target,
      'x-amz-date': '20260101T000000Z',
      authorization: \`AWS4-HMAC-SHA256 Credential=\${AWS_ACCESS_KEY_ID}/20260101/us-east-1/a/aws4_request, SignedHeaders=host, Signature=0\`,
    },
    body: JSON.stringify(input),
  });
  const { __type = '', message } = await response.json();
  return response.ok ? 'done' : \`\${__type.replace(/^.*#/, '')}: \${message}\`;
};`;

const allow = (Action: string | string[], Resource: JsonObject | string, Condition: JsonObject = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  Condition,
});

const logs = allow(['logs:CreateLogStream', 'logs:PutLogEvents'], '*');

function roleResource(statements: JsonObject[], service = 'lambda.amazonaws.com'): JsonObject {
  const document = (...Statement: JsonObject[]) => ({ Version: '2012-10-17', Statement });
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: 'limited',
      AssumeRolePolicyDocument: document({
        Effect: 'Allow',
        Principal: { Service: service },
        Action: 'sts:AssumeRole',
      }),
      Policies: [{ PolicyName: 'Limited', PolicyDocument: document(...statements) }],
    },
  };
}

const tableArn = { 'Fn::GetAtt': ['Table', 'Arn'] };
const onlyA = {
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['A#*'] },
  Null: { 'dynamodb:LeadingKeys': 'false' },
};

async function start(Resources: JsonObject): Promise<Runtime> {
  const assemblyDirectory = writeAssembly(
    {
      Fixture: {
        template: {
          Resources: {
            Caller: functionResource('Caller', { Role: { 'Fn::GetAtt': ['Role', 'Arn'] } }),
            Role: roleResource([logs]),
            Table: {
              Type: 'AWS::DynamoDB::Table',
              Properties: {
                TableName: 'things',
                KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
                AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
                BillingMode: 'PAY_PER_REQUEST',
              },
            },
            ...Resources,
          },
        },
      },
    },
    { Caller: caller },
  );
  const runtime = await startRuntime({ assemblyDirectory });
  onTestFinished(() => runtime.stop());
  return runtime;
}

const calling =
  (runtime: Runtime) =>
  async (operation: string, input: JsonObject): Promise<unknown> => {
    const payload = { target: `DynamoDB_20120810.${operation}`, input };
    const result = await runtime.invoke('Caller', payload);
    return result.succeeded ? result.payload : result.error;
  };

const TableName = 'things';
const put = (pk: string) => ({ TableName, Item: { pk: { S: pk } } });

describe('a function', () => {
  it('does what its role permits, and is told what it may not, where, as whom', async () => {
    const call = calling(
      await start({ Role: roleResource([logs, allow('dynamodb:PutItem', tableArn, onlyA)]) }),
    );
    expect(await call('PutItem', put('A#1'))).toBe('done');
    expect(await call('PutItem', put('B#1'))).toBe(
      'AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/limited/Caller is not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:us-east-1:000000000000:table/things because no identity-based policy allows the dynamodb:PutItem action',
    );
    expect(await call('Scan', { TableName })).toMatch('not authorized to perform: dynamodb:Scan');
  });

  it('is refused a whole transaction for one part of it that it may not do', async () => {
    const runtime = await start({
      Role: roleResource([
        logs,
        allow('dynamodb:PutItem', tableArn, onlyA),
        allow('dynamodb:BatchGetItem', tableArn),
      ]),
    });
    const call = calling(runtime);
    expect(
      await call('TransactWriteItems', { TransactItems: [{ Put: put('A#1') }, { Put: put('B#1') }] }),
    ).toMatch('not authorized to perform: dynamodb:PutItem');
    const unless = { ...put('A#1'), ConditionExpression: 'attribute_not_exists(pk)' };
    expect(await call('PutItem', unless)).toBe('done');
  });

  it('needs the use of the key that encrypts the table, through DynamoDB', async () => {
    const keyArn = { 'Fn::GetAtt': ['Key', 'Arn'] };
    const Table = {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        TableName: 'things',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: keyArn },
      },
    };
    const Key = { Type: 'AWS::KMS::Key', Properties: {} };
    const via = (service: string) =>
      allow('kms:Decrypt', keyArn, {
        StringEquals: { 'kms:ViaService': `${service}.us-east-1.amazonaws.com` },
      });
    const mayPut = allow('dynamodb:PutItem', tableArn);
    for (const [extra, expected] of [
      [[], expect.stringContaining('not authorized to perform: kms:Decrypt on resource: arn:aws:kms:')],
      [[via('secretsmanager')], expect.stringContaining('not authorized to perform: kms:Decrypt')],
      [[via('dynamodb')], 'done'],
    ] as const) {
      const runtime = await start({ Table, Key, Role: roleResource([logs, mayPut, ...extra]) });
      expect(await calling(runtime)('PutItem', put('A#1'))).toEqual(expected);
      await runtime.stop();
    }
  });
});

describe('an execution', () => {
  it('fails where its role may not invoke the function', async () => {
    const runtime = await start({
      Executor: roleResource([logs], 'states.amazonaws.com'),
      Workflow: {
        Type: 'AWS::StepFunctions::StateMachine',
        Properties: {
          RoleArn: { 'Fn::GetAtt': ['Executor', 'Arn'] },
          DefinitionString: JSON.stringify({
            QueryLanguage: 'JSONata',
            StartAt: 'Call',
            States: {
              Call: {
                Type: 'Task',
                Resource: 'arn:aws:states:::lambda:invoke',
                Arguments: { FunctionName: 'Caller' },
                End: true,
              },
            },
          }),
        },
      },
      Role: {
        ...roleResource([logs]),
        Properties: { ...(roleResource([logs])['Properties'] as JsonObject), RoleName: 'other' },
      },
    });
    const stepFunctions = new SFNClient(runtime.client);
    const stateMachineArn = runtime.resources.find(({ type }) => type.includes('StateMachine'))?.ref;
    const { executionArn } = await stepFunctions.send(new StartExecutionCommand({ stateMachineArn }));
    await runtime.settled();
    const ended = await stepFunctions.send(new DescribeExecutionCommand({ executionArn }));
    expect(ended).toMatchObject({
      status: 'FAILED',
      error: 'Lambda.AWSLambdaException',
      cause: expect.stringMatching(/assumed-role\/limited\/.* lambda:InvokeFunction on resource: .*:Caller /),
    });
  });
});

describe('API Gateway', () => {
  const api = (sourceArn: string) => ({
    Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'api', ProtocolType: 'HTTP' } },
    Integration: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: { Ref: 'Api' },
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: { 'Fn::GetAtt': ['Caller', 'Arn'] },
        PayloadFormatVersion: '2.0',
      },
    },
    Route: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: { Ref: 'Api' },
        RouteKey: 'GET /things',
        Target: { 'Fn::Join': ['/', ['integrations', { Ref: 'Integration' }]] },
      },
    },
    Permission: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        FunctionName: { 'Fn::GetAtt': ['Caller', 'Arn'] },
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
        SourceArn: { 'Fn::Sub': `arn:aws:execute-api:us-east-1:000000000000:\${Api}/${sourceArn}` },
      },
    },
  });

  it.each([
    ['*/GET/things', 200],
    ['*/POST/things', 500],
    ['*/GET/others', 500],
  ])('may invoke what permits it to for %s: GET /things is answered with %d', async (source, status) => {
    const complaint = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onTestFinished(() => complaint.mockRestore());
    const { apiUrl } = await start(api(source));
    expect((await fetch(`${apiUrl}/things`)).status).toBe(status);
    if (status === 500)
      expect(complaint).toHaveBeenCalledWith(expect.stringContaining('lambda:InvokeFunction'));
  });
});

describe('what would not work on AWS does not start', () => {
  it.each([
    [
      'a role that does not trust Lambda',
      roleResource([logs], 'states.amazonaws.com'),
      'cannot be assumed by lambda.amazonaws.com',
    ],
    ['a role that may not write its log', roleResource([]), 'logs:CreateLogStream'],
    [
      'a condition that cannot be judged here',
      roleResource([logs, allow('kms:Sign', '*', { Bool: { 'aws:SecureTransport': 'true' } })]),
      'the condition key aws:SecureTransport',
    ],
  ])('%s', async (_what, Role, complaint) => {
    await expect(start({ Role })).rejects.toThrow(complaint);
  });
});
