import { execFile, execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { JsonObject } from '../../../local/aws/service.ts';
import { type Runtime, startRuntime } from '../../../local/runtime.ts';
import {
  fixtureRoleArn,
  functionResource,
  temporaryDirectory,
  writeAssembly,
} from '../../unit/local/fixture-assembly.ts';

const template: JsonObject = {
  Resources: {
    Ask: functionResource('Ask'),
    Key: { Type: 'AWS::KMS::Key', Properties: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } },
    Alias: {
      Type: 'AWS::KMS::Alias',
      Properties: { AliasName: 'alias/signing', TargetKeyId: { 'Fn::GetAtt': ['Key', 'Arn'] } },
    },
    Secret: {
      Type: 'AWS::SecretsManager::Secret',
      Properties: { Name: 'db/password', SecretString: 'correct horse' },
    },
  },
  Outputs: { RoleArn: { Value: fixtureRoleArn } },
};

const APPROVE = JSON.stringify({
  QueryLanguage: 'JSONata',
  StartAt: 'Approve',
  States: {
    Approve: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Arguments: { FunctionName: 'Ask', Payload: { token: '{% $states.context.Task.Token %}' } },
      End: true,
    },
  },
});

const isInstalled = (() => {
  try {
    return execFileSync('aws', ['--version'], { stdio: 'pipe' }).length > 0;
  } catch {
    return false;
  }
})();

const NOT_INSTALLED = 'the aws command is not on the PATH';
// A reporter need not tell why a test is skipped.
if (!isInstalled) process.stderr.write(`Skipped: ${NOT_INSTALLED}\n`);

type Aws = (parts: readonly string[], environment?: Record<string, string>) => Promise<JsonObject>;

/** A runtime that verifies signatures, and the command with nothing of the machine's configuration. */
async function start(): Promise<{ runtime: Runtime; aws: Aws }> {
  const bundles = { Ask: 'exports.handler = async () => ({});' };
  const assemblyDirectory = writeAssembly({ Fixture: { template } }, bundles);
  const runtime = await startRuntime({ assemblyDirectory, verifySignatures: true });
  onTestFinished(() => runtime.stop());
  const { region, credentials } = runtime.client;
  const aws: Aws = async (parts, environment = {}) => {
    const { stdout } = await promisify(execFile)('aws', [...parts, '--output', 'json'], {
      env: {
        PATH: process.env['PATH'],
        AWS_ENDPOINT_URL: runtime.awsUrl,
        // Version 1 knows this variable only.
        AWS_DEFAULT_REGION: region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_MAX_ATTEMPTS: '1',
        AWS_PAGER: '',
        ...environment,
      },
    });
    return stdout === '' ? {} : (JSON.parse(stdout) as JsonObject);
  };
  return { runtime, aws };
}

/** The command takes its time to start, on a busy machine all the more. */
describe('the aws command', { timeout: 120_000 }, () => {
  beforeEach(({ skip }) => skip(!isInstalled, NOT_INSTALLED));

  it('starts, answers, describes, lists and stops executions', async () => {
    const { runtime, aws } = await start();
    const workflows = (operation: string, ...parts: string[]) => aws(['stepfunctions', operation, ...parts]);
    const { stateMachineArn } = await workflows(
      'create-state-machine',
      ...['--name', 'approve', '--definition', APPROVE],
      ...['--role-arn', String(runtime.outputs['Fixture.RoleArn'])],
    );
    const ofMachine = ['--state-machine-arn', String(stateMachineArn)];
    const names = ['approved', 'refused', 'stopped'];
    const started = await Promise.all(
      names.map((name) => workflows('start-execution', ...ofMachine, '--name', name)),
    );
    await runtime.settled();
    const [approved = [], refused = [], stopped = []] = started.map(({ executionArn }) => [
      '--execution-arn',
      String(executionArn),
    ]);
    const tokenOf = async (execution: readonly string[]) => {
      const { events } = await workflows('get-execution-history', ...execution);
      const scheduled = (events as JsonObject[]).find(({ type }) => type === 'TaskScheduled');
      const details = scheduled?.['taskScheduledEventDetails'] as JsonObject | undefined;
      return ['--task-token', JSON.parse(String(details?.['parameters'])).Payload.token as string];
    };
    const [approval, refusal] = await Promise.all([tokenOf(approved), tokenOf(refused)]);
    await workflows('send-task-heartbeat', ...approval);
    await Promise.all([
      workflows('send-task-success', ...approval, '--task-output', '{"by":"owner"}'),
      workflows('send-task-failure', ...refusal, '--error', 'No', '--cause', 'Not today'),
      workflows('stop-execution', ...stopped, '--error', 'Enough'),
    ]);

    const [machines, listed, described] = await Promise.all([
      workflows('list-state-machines'),
      workflows('list-executions', ...ofMachine, '--max-items', '2'),
      workflows('describe-execution', ...approved),
    ]);
    expect(machines['stateMachines']).toMatchObject([{ name: 'approve', stateMachineArn, type: 'STANDARD' }]);
    expect(described).toMatchObject({ status: 'SUCCEEDED', output: '{"by":"owner"}' });
    const rest = await workflows(
      'list-executions',
      ...[...ofMachine, '--starting-token', String(listed['NextToken'])],
    );
    const statuses = [listed, rest].flatMap(({ executions }) =>
      (executions as JsonObject[]).map(({ name, status }) => [name, status]),
    );
    expect(Object.fromEntries(statuses)).toEqual({
      approved: 'SUCCEEDED',
      refused: 'FAILED',
      stopped: 'ABORTED',
    });
  });

  it('lists and reads secrets', async () => {
    const { aws } = await start();
    const [{ SecretList }, value] = await Promise.all([
      aws(['secretsmanager', 'list-secrets', '--filters', 'Key=name,Values=db/']),
      aws(['secretsmanager', 'get-secret-value', '--secret-id', 'db/password']),
    ]);
    expect(SecretList).toMatchObject([{ Name: 'db/password' }]);
    expect(value).toMatchObject({ SecretString: 'correct horse', VersionStages: ['AWSCURRENT'] });
  });

  it('signs, and gives the public key', async () => {
    const { aws } = await start();
    const message = Buffer.from([0, 1, 254, 255]);
    const file = join(temporaryDirectory(), 'message');
    writeFileSync(file, message);
    const key = ['--key-id', 'alias/signing'];
    const [{ Signature }, { PublicKey }] = await Promise.all([
      aws(['kms', 'sign', ...key, '--message', `fileb://${file}`, '--signing-algorithm', 'ECDSA_SHA_256']),
      aws(['kms', 'get-public-key', ...key]),
    ]);
    const der = Buffer.from(String(PublicKey), 'base64');
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    expect(verify('sha256', message, publicKey, Buffer.from(String(Signature), 'base64'))).toBe(true);
  });

  it('says who calls', async () => {
    const { runtime, aws } = await start();
    const Account = String(runtime.outputs['Fixture.RoleArn']).split(':')[4];
    expect(await aws(['sts', 'get-caller-identity'])).toEqual({
      Account,
      Arn: `arn:aws:iam::${Account}:root`,
      UserId: Account,
    });
  });

  it.each([
    [
      ['secretsmanager', 'get-random-password'],
      '(UnknownOperationException) when calling the GetRandomPassword operation: The local runtime does not have the operation GetRandomPassword of secretsmanager',
    ],
    [
      ['sns', 'list-topics'],
      '(InvalidAction) when calling the ListTopics operation: The local runtime does not have the operation ListTopics of sns',
    ],
    [
      ['s3api', 'list-buckets'],
      '(InvalidAction) when calling the ListBuckets operation: The local runtime does not have the operation GET / of s3',
    ],
  ])('shows that there is no %s', async (parts, complaint) => {
    const { aws } = await start();
    await expect(aws(parts)).rejects.toMatchObject({ stderr: expect.stringContaining(complaint) });
  });

  it('shows that a secret is wrong', async () => {
    const { aws } = await start();
    await expect(aws(['kms', 'list-keys'], { AWS_SECRET_ACCESS_KEY: 'guessed' })).rejects.toMatchObject({
      stderr: expect.stringContaining('(InvalidSignatureException)'),
    });
  });
});
