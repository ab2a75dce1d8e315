import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createSecretsManager } from '../../../local/aws/secrets-manager.ts';
import type { JsonObject } from '../../../local/aws/service.ts';
import { SystemClock } from '../../../local/clock.ts';
import { type Runtime, startRuntime } from '../../../local/runtime.ts';
import { serve } from './emulated-aws.ts';
import { functionResource, writeAssembly } from './fixture-assembly.ts';

/** Calls DynamoDB as an SDK does, without one. */
const writer = `exports.handler = async () => {
  const response = await fetch(process.env.AWS_ENDPOINT_URL, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.PutItem',
      'x-amz-date': '20260101T000000Z',
      authorization: 'AWS4-HMAC-SHA256 Credential=' + process.env.AWS_ACCESS_KEY_ID +
        '/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify({
      TableName: process.env.TABLE_NAME,
      Item: { pk: { S: 'one' } },
      ConditionExpression: 'attribute_not_exists(pk)',
    }),
  });
  return { status: response.status, ...(await response.json()) };
};`;

const template: JsonObject = {
  Resources: {
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      },
    },
    ...Object.fromEntries(
      ['First', 'Second'].map((name) => [
        name,
        functionResource(name, { Environment: { Variables: { TABLE_NAME: { Ref: 'Table' } } } }),
      ]),
    ),
  },
};

async function start(): Promise<Runtime> {
  const assemblyDirectory = writeAssembly({ Fixture: { template } }, { First: writer, Second: writer });
  const runtime = await startRuntime({ assemblyDirectory });
  onTestFinished(() => runtime.stop());
  return runtime;
}

async function answerOf(runtime: Runtime, functionName: string): Promise<unknown> {
  const result = await runtime.invoke(functionName, {});
  return result.succeeded ? result.payload : result.error;
}

const putItem = { service: 'dynamodb', operation: 'PutItem' };

describe('faults', () => {
  it('fail the calls of one function as often as they are asked to', async () => {
    const runtime = await start();
    const error = { code: 'ThrottlingException', message: 'slow down', statusCode: 400 };
    runtime.faults.fail({ ...putItem, functionName: 'Second', times: 1, error });

    expect(await answerOf(runtime, 'First')).toEqual({ status: 200 });
    expect(await answerOf(runtime, 'Second')).toEqual({
      status: 400,
      __type: 'ThrottlingException',
      message: 'slow down',
    });
    expect(await answerOf(runtime, 'Second')).toMatchObject({
      __type: expect.stringContaining('ConditionalCheckFailedException'),
    });
    expect(runtime.calls().filter(({ functionName }) => functionName !== undefined)).toEqual([
      { ...putItem, functionName: 'First', count: 1 },
      { ...putItem, functionName: 'Second', count: 2 },
    ]);
  });

  it('can lose the answer to a call that has taken effect', async () => {
    const runtime = await start();
    const takeBack = runtime.faults.fail({
      ...putItem,
      when: 'after',
      error: { code: 'InternalServerError', members: { Reason: 'lost' } },
    });
    expect(await answerOf(runtime, 'First')).toMatchObject({ status: 500, Reason: 'lost' });
    takeBack();
    expect(await answerOf(runtime, 'First')).toMatchObject({
      __type: expect.stringContaining('ConditionalCheckFailedException'),
    });
  });

  it('reach an SDK client as the error that they name', async () => {
    const place = { region: 'us-east-1', accountId: '000000000000' };
    const secrets = createSecretsManager({ clock: new SystemClock(), directory: undefined, ...place });
    const { client, clientOf, faults } = await serve(secrets.service);
    faults.fail({
      service: 'secretsmanager',
      operation: 'GetSecretValue',
      functionName: 'ClaimCredential',
      error: { code: 'DecryptionFailure', statusCode: 400 },
    });
    const read = (caller: typeof client) =>
      new SecretsManagerClient(caller).send(new GetSecretValueCommand({ SecretId: 'a' }));
    await expect(read(clientOf('ClaimCredential'))).rejects.toMatchObject({ name: 'DecryptionFailure' });
    await expect(read(client)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});
