import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { JsonObject } from '../../../local/aws/service.ts';
import { LeapingClock } from '../../../local/clock.ts';
import { type Runtime, type RuntimeOptions, startRuntime } from '../../../local/runtime.ts';
import { fixtureRoleArn, functionResource, temporaryDirectory, writeAssembly } from './fixture-assembly.ts';

const state: JsonObject = {
  Resources: {
    Table: {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'owner', AttributeType: 'S' },
        ],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by-owner',
            KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      },
    },
    Key: {
      Type: 'AWS::KMS::Key',
      Properties: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
    },
    Alias: {
      Type: 'AWS::KMS::Alias',
      Properties: { AliasName: 'alias/signing', TargetKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } },
    },
    Secret: {
      Type: 'AWS::SecretsManager::Secret',
      Properties: { GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true } },
    },
  },
  Outputs: { TableName: { Value: { Ref: 'Table' }, Export: { Name: 'state:table' } } },
};

const compute: JsonObject = {
  Resources: {
    Reader: functionResource('Reader', {
      Environment: { Variables: { TABLE_NAME: { 'Fn::ImportValue': 'state:table' } } },
    }),
  },
};

const bundles = {
  Reader: `exports.handler = async () => ({ table: process.env.TABLE_NAME });`,
};

const assemble = (resources: JsonObject = {}): string =>
  writeAssembly(
    {
      Compute: {
        template: { Resources: { ...(compute['Resources'] as JsonObject), ...resources } },
        dependencies: ['State'],
      },
      State: { template: state },
    },
    bundles,
  );

async function start(options: Partial<RuntimeOptions> = {}): Promise<Runtime> {
  const runtime = await startRuntime({ assemblyDirectory: assemble(), ...options });
  onTestFinished(() => runtime.stop());
  return runtime;
}

/** A workflow that waits an hour, then invokes the function. */
const workflow: JsonObject = {
  Workflow: {
    Type: 'AWS::StepFunctions::StateMachine',
    Properties: {
      StateMachineName: 'wait-then-read',
      RoleArn: fixtureRoleArn,
      DefinitionString: JSON.stringify({
        QueryLanguage: 'JSONata',
        StartAt: 'Wait',
        States: {
          Wait: { Type: 'Wait', Seconds: 3600, Next: 'Read' },
          Read: {
            Type: 'Task',
            Resource: 'arn:aws:states:::lambda:invoke',
            // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of CloudFormation
            Arguments: { FunctionName: '${ReaderFunctionArn}', Payload: '{% $states.input %}' },
            Output: '{% $states.result.Payload %}',
            End: true,
          },
        },
      }),
      DefinitionSubstitutions: { ReaderFunctionArn: { 'Fn::GetAtt': ['Reader', 'Arn'] } },
    },
  },
};

describe('startRuntime', () => {
  it('runs a workflow on its clock', async () => {
    const clock = new LeapingClock({ frozenAt: Date.UTC(2026, 0, 1) });
    const runtime = await start({ assemblyDirectory: assemble(workflow), clock });
    const stepFunctions = new SFNClient({ ...runtime.client });
    const stateMachineArn = runtime.resources.find(({ logicalId }) => logicalId === 'Workflow')?.ref;
    const { executionArn } = await stepFunctions.send(new StartExecutionCommand({ stateMachineArn }));
    const execution = () => stepFunctions.send(new DescribeExecutionCommand({ executionArn }));

    await runtime.settled();
    expect((await execution()).status).toBe('RUNNING');
    clock.leap(3_600_000);
    await runtime.settled();
    expect(await execution()).toMatchObject({
      status: 'SUCCEEDED',
      output: JSON.stringify({ table: runtime.outputs['State.TableName'] }),
      stopDate: new Date(Date.UTC(2026, 0, 1, 1)),
    });
  });

  it('serves invocations over the wire', async () => {
    const runtime = await start();
    const url = `${runtime.awsUrl}/2015-03-31/functions/Reader/invocations`;
    const response = await fetch(url, { method: 'POST', body: '{}' });
    expect(await response.json()).toEqual({ table: runtime.outputs['State.TableName'] });
    expect((await fetch(url.replace('Reader', 'Absent'), { method: 'POST' })).status).toBe(404);
  });

  it('takes its database with it, even when it is killed', async () => {
    const runtimeFile = join(import.meta.dirname, '../../../local/runtime.ts');
    const program = `
      const { startRuntime } = await import(${JSON.stringify(runtimeFile)});
      const runtime = await startRuntime({ assemblyDirectory: ${JSON.stringify(assemble())} });
      console.log(runtime.dynamoDbUrl);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
    const url = String(await new Promise((resolve) => child.stdout.once('data', resolve))).trim();
    expect((await fetch(url)).status).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(fetch(url)).rejects.toThrow(), { timeout: 5000 });
  });

  it('makes what the stacks declare, the importing stack after the exporting one', async () => {
    const runtime = await start();
    const tableName = String(runtime.outputs['State.TableName']);

    expect(await runtime.invoke('Reader', {})).toEqual({ succeeded: true, payload: { table: tableName } });
    const described = await new DynamoDBClient({ ...runtime.client }).send(
      new DescribeTableCommand({ TableName: tableName }),
    );
    expect(described.Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(['by-owner']);
    const { KeySpec } = await new KMSClient({ ...runtime.client }).send(
      new GetPublicKeyCommand({ KeyId: 'alias/signing' }),
    );
    expect(KeySpec).toBe('ECC_NIST_P256');
  });

  it('keeps items, keys and secrets from start to start', async () => {
    const dataDirectory = temporaryDirectory();
    const seen = async (runtime: Runtime): Promise<object> => {
      const TableName = String(runtime.outputs['State.TableName']);
      const secret = runtime.resources.find(({ logicalId }) => logicalId === 'Secret');
      const database = new DynamoDBClient({ ...runtime.client });
      const { Item } = await database.send(new GetItemCommand({ TableName, Key: { pk: { S: 'kept' } } }));
      await database.send(new PutItemCommand({ TableName, Item: { pk: { S: 'kept' } } }));
      const { PublicKey } = await new KMSClient({ ...runtime.client }).send(
        new GetPublicKeyCommand({ KeyId: 'alias/signing' }),
      );
      const { SecretString } = await new SecretsManagerClient({ ...runtime.client }).send(
        new GetSecretValueCommand({ SecretId: secret?.ref }),
      );
      return { Item, PublicKey, SecretString };
    };

    const first = await start({ dataDirectory });
    const before = await seen(first);
    await first.stop();
    const after = await seen(await start({ dataDirectory }));

    expect(after).toEqual({ ...before, Item: { pk: { S: 'kept' } } });
    expect(existsSync(join(dataDirectory, 'logs', 'Reader.log'))).toBe(true);
  });

  it.each<[string, JsonObject, string]>([
    [
      'a type that it does not know',
      { Queue: { Type: 'AWS::SQS::Queue' } },
      'Compute/Queue: the local runtime does not know the resource type AWS::SQS::Queue',
    ],
    [
      'a property that it would not honour',
      { Slow: functionResource('Reader', { DeadLetterConfig: { TargetArn: 'a' } }) },
      'Compute/Slow: the local runtime does not honour this AWS::Lambda::Function: Unrecognized key: "DeadLetterConfig"',
    ],
    [
      'an attribute that it does not know',
      { Other: functionResource('Reader', { Handler: { 'Fn::GetAtt': ['Reader', 'SnapStart'] } }) },
      'Compute/Reader: the local runtime does not know the attribute SnapStart of AWS::Lambda::Function',
    ],
  ])('refuses %s', async (_, resources, message) => {
    await expect(startRuntime({ assemblyDirectory: assemble(resources) })).rejects.toThrow(message);
  });

  it('says which port is taken, and leaves nothing running', async () => {
    const { apiUrl } = await start();
    const apiPort = Number(new URL(apiUrl).port);

    await expect(startRuntime({ assemblyDirectory: assemble(), apiPort })).rejects.toThrow(
      `Port ${apiPort} is in use: choose another with --port`,
    );
  });
});
