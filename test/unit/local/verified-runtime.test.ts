import { createRequire } from 'node:module';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  ListBackupsCommand,
  ListTablesCommand,
  PutItemCommand,
  ResourceNotFoundException,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JsonObject } from '../../../local/aws/service.ts';
import { LeapingClock } from '../../../local/clock.ts';
import { type Runtime, type RuntimeOptions, startRuntime } from '../../../local/runtime.ts';
import { functionResource, writeAssembly } from './fixture-assembly.ts';

const HOUR_MILLISECONDS = 3_600_000;
const clientPath = createRequire(import.meta.url).resolve('@aws-sdk/client-dynamodb');

/** Keeps one client, as functions do, and tells what it signs with. */
const writer = `
const { DynamoDBClient, PutItemCommand } = require(${JSON.stringify(clientPath)});
const { env } = process;
const credentials = {
  accessKeyId: env.AWS_ACCESS_KEY_ID,
  secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
  sessionToken: env.AWS_SESSION_TOKEN,
};
const client = new DynamoDBClient({ endpoint: env.AWS_ENDPOINT_URL, region: 'us-east-1', credentials, maxAttempts: 1 });
exports.handler = async ({ pk }) => {
  await client.send(new PutItemCommand({ TableName: env.TABLE_NAME, Item: { pk: { S: pk } } }));
  return credentials;
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
  Outputs: { TableName: { Value: { Ref: 'Table' } } },
};

async function start(options: Partial<RuntimeOptions> = {}): Promise<Runtime> {
  const assemblyDirectory = writeAssembly({ Fixture: { template } }, { First: writer, Second: writer });
  const runtime = await startRuntime({ assemblyDirectory, verifySignatures: true, ...options });
  onTestFinished(() => runtime.stop());
  return runtime;
}

/** What a function signs with. */
async function credentialsOf(runtime: Runtime, functionName: string) {
  const result = await runtime.invoke(functionName, { pk: functionName });
  if (!result.succeeded) throw new Error(result.error.errorMessage);
  return result.payload as { accessKeyId: string; secretAccessKey: string; sessionToken: string };
}

function listKeys(runtime: Runtime, credentials: { accessKeyId: string; secretAccessKey: string }) {
  return new KMSClient({ ...runtime.client, credentials, maxAttempts: 1 }).send(new ListKeysCommand({}));
}

/** A request of the operator, signed and not sent. */
async function signedRequest(runtime: Runtime, command: ListKeysCommand) {
  const { promise, resolve } = Promise.withResolvers<{ headers: Record<string, string>; body: string }>();
  const client = new KMSClient({
    ...runtime.client,
    requestHandler: {
      handle: async ({ headers, body }: { headers: Record<string, string>; body: Uint8Array }) => {
        resolve({ headers, body: new TextDecoder().decode(body) });
        throw new Error('kept to look at');
      },
    },
  });
  await client.send(command).catch(() => {});
  return promise;
}

describe('a runtime that verifies signatures', () => {
  it('serves the operator and the functions, each by a secret of its own', async () => {
    const runtime = await start();
    expect((await listKeys(runtime, runtime.client.credentials)).Keys).toEqual([]);
    const first = await credentialsOf(runtime, 'First');
    const second = await credentialsOf(runtime, 'Second');
    expect((await listKeys(runtime, first)).Keys).toEqual([]);
    for (const member of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const)
      expect(first[member]).not.toBe(second[member]);

    const impostors = [
      { ...first, secretAccessKey: second.secretAccessKey },
      { ...first, sessionToken: second.sessionToken },
      { ...second, accessKeyId: runtime.client.credentials.accessKeyId },
    ];
    for (const impostor of impostors) await expect(listKeys(runtime, impostor)).rejects.toThrow();
  });

  it('makes new secrets at each start', async () => {
    const [before, after] = [await start(), await start()];
    const credentials = await credentialsOf(before, 'First');
    await expect(listKeys(after, credentials)).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
  });

  it('lives in the present of its clock', async () => {
    const clock = new LeapingClock();
    const runtime = await start({ clock });
    await credentialsOf(runtime, 'First');
    clock.leap(8 * HOUR_MILLISECONDS);
    await credentialsOf(runtime, 'First');
    // By now its client has seen what time it is there.
    await credentialsOf(runtime, 'First');
  });

  it('sets right an SDK client that lives in another present', async () => {
    const clock = new LeapingClock();
    const runtime = await start({ clock });
    clock.leap(8 * HOUR_MILLISECONDS);
    const client = new SFNClient(runtime.client);
    await expect(client.send(new ListStateMachinesCommand({}))).resolves.toMatchObject({ stateMachines: [] });
    const late = new SFNClient({ ...runtime.client, maxAttempts: 1 });
    await expect(late.send(new ListStateMachinesCommand({}))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      message: expect.stringMatching(/^Signature expired: /),
    });
  });

  it('refuses a wrong secret, an unknown key, a tampered body and a request that is not signed', async () => {
    const runtime = await start();
    const { accessKeyId, secretAccessKey } = runtime.client.credentials;
    await expect(listKeys(runtime, { accessKeyId, secretAccessKey: 'guessed' })).rejects.toMatchObject({
      name: 'InvalidSignatureException',
      $metadata: { httpStatusCode: 400 },
    });
    await expect(listKeys(runtime, { accessKeyId: 'AKIANOBODY', secretAccessKey })).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });

    const { headers, body } = await signedRequest(runtime, new ListKeysCommand({ Limit: 1 }));
    for (const [sent, status] of [
      [body, 200],
      [body.replace('1', '2'), 400],
    ] as const)
      expect((await fetch(runtime.awsUrl, { method: 'POST', headers, body: sent })).status).toBe(status);

    for (const path of ['/', '/2015-03-31/functions/First/invocations']) {
      const response = await fetch(`${runtime.awsUrl}${path}`, {
        method: 'POST',
        headers: path === '/' ? { 'x-amz-target': 'TrentService.ListKeys' } : {},
        body: '{}',
      });
      expect(response.status).toBe(path === '/' ? 400 : 403);
      expect(response.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
    }
    expect(runtime.calls()).toEqual([{ service: 'kms', operation: 'ListKeys', count: 1 }]);
  });

  it('passes on what the database answers', async () => {
    const runtime = await start();
    const database = new DynamoDBClient(runtime.client);
    const TableName = String(runtime.outputs['Fixture.TableName']);
    const Item = { pk: { S: 'one' }, data: { B: Uint8Array.of(0, 255) } };
    const once = { TableName, Item, ConditionExpression: 'attribute_not_exists(pk)' };
    await database.send(new PutItemCommand(once));
    expect((await database.send(new GetItemCommand({ TableName, Key: { pk: Item.pk } }))).Item).toEqual(Item);
    await expect(database.send(new PutItemCommand(once))).rejects.toThrow(ConditionalCheckFailedException);
    const transaction = database.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: once }] }));
    await expect(transaction).rejects.toThrow(TransactionCanceledException);
    await expect(transaction).rejects.toMatchObject({
      CancellationReasons: [{ Code: 'ConditionalCheckFailed' }],
    });
    const elsewhere = new GetItemCommand({ TableName: 'absent', Key: { pk: { S: 'a' } } });
    await expect(database.send(elsewhere)).rejects.toThrow(ResourceNotFoundException);
    expect((await database.send(new ListTablesCommand({}))).TableNames).toEqual([TableName]);
    await expect(database.send(new ListBackupsCommand({}))).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: 'The local runtime does not have the operation ListBackups of dynamodb',
    });
  });
});
