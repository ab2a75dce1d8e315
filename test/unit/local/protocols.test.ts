import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetRandomPasswordCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListActivitiesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { createKms } from '../../../local/aws/kms.ts';
import { errorAnswer } from '../../../local/aws/protocols.ts';
import { createSecretsManager } from '../../../local/aws/secrets-manager.ts';
import { AwsError } from '../../../local/aws/service.ts';
import { createStepFunctionsService } from '../../../local/aws/step-functions.ts';
import { SystemClock } from '../../../local/clock.ts';
import { createWorkbench } from '../asl/workbench.ts';
import { serve } from './emulated-aws.ts';

const place = { region: 'us-east-1', accountId: '000000000000' };
const clock = new SystemClock();

const startAll = () =>
  serve(
    createKms({ clock, directory: undefined }).service,
    createSecretsManager({ clock, directory: undefined, ...place }).service,
    createStepFunctionsService(createWorkbench().engine),
  );

/** Calls as a client does that signs for `service`. */
async function call(
  { endpoint, credentials }: { endpoint: string; credentials: { accessKeyId: string } },
  service: string,
  { path = '/', ...init }: RequestInit & { path?: string },
): Promise<{ status: number; contentType: string | null; body: string }> {
  const scope = `${credentials.accessKeyId}/20260101/us-east-1/${service}/aws4_request`;
  const response = await fetch(`${endpoint}${path}`, {
    ...init,
    headers: {
      ...init.headers,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
    },
  });
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    body: await response.text(),
  };
}

const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };

describe('an operation that the runtime does not have', () => {
  it.each<[string, string, (client: Awaited<ReturnType<typeof startAll>>['client']) => Promise<unknown>]>([
    ['kms', 'CreateKey', (client) => new KMSClient(client).send(new CreateKeyCommand({}))],
    [
      'secretsmanager',
      'GetRandomPassword',
      (client) => new SecretsManagerClient(client).send(new GetRandomPasswordCommand({})),
    ],
    ['states', 'ListActivities', (client) => new SFNClient(client).send(new ListActivitiesCommand({}))],
  ])('is named to the SDK: %s %s', async (service, operation, send) => {
    const { client } = await startAll();
    await expect(send(client)).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: `The local runtime does not have the operation ${operation} of ${service}`,
      $metadata: { httpStatusCode: 400, requestId: expect.any(String) },
    });
  });

  it('is not one that every object has', async () => {
    const { client } = await startAll();
    const headers = {
      'x-amz-target': 'TrentService.constructor',
      'content-type': 'application/x-amz-json-1.1',
    };
    expect(await call(client, 'kms', { method: 'POST', headers, body: '{}' })).toEqual({
      status: 400,
      contentType: 'application/x-amz-json-1.1',
      body: JSON.stringify({
        __type: 'UnknownOperationException',
        message: 'The local runtime does not have the operation constructor of kms',
      }),
    });
  });

  it.each<[string, RequestInit & { path?: string }, string, string]>([
    [
      'sqs',
      {
        method: 'POST',
        headers: { 'x-amz-target': 'AmazonSQS.ListQueues', 'content-type': 'application/x-amz-json-1.0' },
        body: '{}',
      },
      'application/x-amz-json-1.0',
      '{"__type":"UnknownOperationException","message":"The local runtime does not have the operation AmazonSQS.ListQueues of sqs"}',
    ],
    [
      'sns',
      { method: 'POST', headers: form, body: 'Action=ListTopics&Version=2010-03-31' },
      'text/xml',
      '<Error><Type>Sender</Type><Code>InvalidAction</Code><Message>The local runtime does not have the operation ListTopics of sns</Message></Error>',
    ],
    [
      'sts',
      { method: 'POST', headers: form, body: 'Action=Assume%3CRole%3E' },
      'text/xml',
      '<Message>The local runtime does not have the operation Assume&lt;Role&gt; of sts</Message>',
    ],
    [
      's3',
      { path: '/bucket?list-type=2' },
      'application/xml',
      '<Message>The local runtime does not have the operation GET /bucket?list-type=2 of s3</Message>',
    ],
    [
      'lambda',
      { path: '/2015-03-31/functions' },
      'application/json',
      '"message":"The local runtime does not have the operation GET /2015-03-31/functions of lambda"',
    ],
  ])('is named in the protocol of %s', async (service, request, contentType, text) => {
    const { client } = await startAll();
    expect(await call(client, service, request)).toEqual({
      status: 400,
      contentType,
      body: expect.stringContaining(text),
    });
  });

  it('is named also where nothing tells the service', async () => {
    const { client } = await startAll();
    const response = await fetch(`${client.endpoint}/favicon.ico`);
    expect(await response.json()).toMatchObject({
      message:
        'The local runtime does not have the operation GET /favicon.ico of a service that is not named',
    });
  });

  it('fails, and is not just unknown, where the database is gone', async () => {
    const { client } = await startAll();
    await expect(new DynamoDBClient(client).send(new ListTablesCommand({}))).rejects.toMatchObject({
      name: 'InternalFailure',
      $metadata: { httpStatusCode: 500 },
    });
  });
});

describe('a call that is not permitted', () => {
  it.each([
    ['aws-json', 400, '"__type":"AccessDeniedException"'],
    ['aws-query', 403, '<Code>AccessDenied</Code>'],
    ['rest-json', 403, '"__type":"AccessDeniedException"'],
    ['rest-xml', 403, '<Code>AccessDenied</Code>'],
  ] as const)('is answered in %s with %i', (protocol, statusCode, text) => {
    const error = new AwsError('AccessDeniedException', 'Not you');
    const request = { protocol, contentType: '', service: 'any', operation: 'Any' };
    expect(errorAnswer(error, request, {})).toMatchObject({
      statusCode,
      body: expect.stringContaining(text),
    });
  });
});

describe('GetCallerIdentity', () => {
  const ask = { method: 'POST', headers: form, body: 'Action=GetCallerIdentity&Version=2011-06-15' };

  it('tells the operator that it is the account', async () => {
    const { client } = await startAll();
    const { status, contentType, body } = await call(client, 'sts', ask);
    expect([status, contentType]).toEqual([200, 'text/xml']);
    expect(body).toMatch(
      /^<GetCallerIdentityResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/"><GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root<\/Arn><UserId>000000000000<\/UserId><Account>000000000000<\/Account><\/GetCallerIdentityResult>/,
    );
  });

  it('tells a function in which role it is', async () => {
    const { clientOf } = await startAll();
    const { body } = await call(clientOf('Claim'), 'sts', ask);
    expect(body).toContain('<Arn>arn:aws:sts::000000000000:assumed-role/a/Claim</Arn>');
    expect(body).toMatch(/<UserId>AROA[0-9A-F]{17}:Claim<\/UserId>/);
  });
});
