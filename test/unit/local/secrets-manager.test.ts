import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { GenerateSecretString, generateSecretString } from '../../../local/aws/generate-secret-string.ts';
import { createSecretsManager } from '../../../local/aws/secrets-manager.ts';
import { LeapingClock } from '../../../local/clock.ts';
import { serve } from './emulated-aws.ts';

const DAY_MILLISECONDS = 86_400_000;
const first = '11111111-1111-1111-1111-111111111111';
const second = '22222222-2222-2222-2222-222222222222';
const SecretId = 'db/password';

async function start() {
  const clock = new LeapingClock({ frozenAt: 1_700_000_000_000 });
  const place = { region: 'us-east-1', accountId: '000000000000' };
  const { service } = createSecretsManager({ clock, directory: undefined, ...place });
  const { client } = await serve(service);
  const secrets = new SecretsManagerClient(client);
  const readSecret = async (query: object = {}) =>
    (await secrets.send(new GetSecretValueCommand({ SecretId, ...query }))).SecretString;
  const stages = async () => (await secrets.send(new DescribeSecretCommand({ SecretId }))).VersionIdsToStages;
  return { clock, secrets, readSecret, stages };
}

async function startWithSecret() {
  const world = await start();
  const create = new CreateSecretCommand({ Name: SecretId, SecretString: 'one', ClientRequestToken: first });
  const { ARN } = await world.secrets.send(create);
  return { ...world, create, arn: ARN ?? '' };
}

const putPending = new PutSecretValueCommand({
  SecretId,
  SecretString: 'two',
  ClientRequestToken: second,
  VersionStages: ['AWSPENDING'],
});

describe('Secrets Manager', () => {
  it('reads a secret by its name, its ARN and its ARN without the suffix', async () => {
    const { readSecret, arn } = await startWithSecret();
    expect(arn).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:db\/password-\w{6}$/);
    for (const id of [SecretId, arn, arn.slice(0, -7)])
      expect(await readSecret({ SecretId: id })).toBe('one');
  });

  it('rotates: a pending version becomes the current one, and that the previous', async () => {
    const { secrets, stages, readSecret } = await startWithSecret();
    await secrets.send(putPending);
    expect(await stages()).toEqual({ [first]: ['AWSCURRENT'], [second]: ['AWSPENDING'] });
    expect(await readSecret()).toBe('one');

    await secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: second,
        RemoveFromVersionId: first,
      }),
    );
    expect(await stages()).toEqual({ [first]: ['AWSPREVIOUS'], [second]: ['AWSPENDING', 'AWSCURRENT'] });
    expect(await readSecret()).toBe('two');
    expect(await readSecret({ VersionStage: 'AWSPREVIOUS' })).toBe('one');
    expect(await readSecret({ VersionId: first })).toBe('one');

    await secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSPENDING',
        RemoveFromVersionId: second,
      }),
    );
    expect(await stages()).toEqual({ [first]: ['AWSPREVIOUS'], [second]: ['AWSCURRENT'] });
  });

  it('moves a label only when it is told from where', async () => {
    const { secrets } = await startWithSecret();
    await secrets.send(putPending);
    const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: second };
    for (const RemoveFromVersionId of [undefined, second])
      await expect(
        secrets.send(new UpdateSecretVersionStageCommand({ ...move, RemoveFromVersionId })),
      ).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('does a request with the same token and value once, and refuses another value', async () => {
    const { secrets, create, stages } = await startWithSecret();
    await secrets.send(create);
    await secrets.send(putPending);
    await secrets.send(putPending);
    expect(Object.keys((await stages()) ?? {})).toEqual([first, second]);

    const other = { ClientRequestToken: second, SecretString: 'three' };
    await expect(secrets.send(new PutSecretValueCommand({ SecretId, ...other }))).rejects.toMatchObject({
      name: 'ResourceExistsException',
    });
    await expect(secrets.send(new CreateSecretCommand({ Name: SecretId, ...other }))).rejects.toMatchObject({
      name: 'ResourceExistsException',
    });
  });

  it('hides a deleted secret until it is restored', async () => {
    const { secrets, readSecret, create } = await startWithSecret();
    await secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));

    await expect(readSecret()).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await expect(secrets.send(create)).rejects.toMatchObject({ name: 'InvalidRequestException' });
    expect((await secrets.send(new ListSecretsCommand({}))).SecretList).toEqual([]);

    await secrets.send(new RestoreSecretCommand({ SecretId }));
    expect(await readSecret()).toBe('one');
  });

  it('forgets a deleted secret when its recovery window ends', async () => {
    const { clock, secrets, readSecret, create } = await startWithSecret();
    await secrets.send(new DeleteSecretCommand({ SecretId, RecoveryWindowInDays: 7 }));
    clock.leap(7 * DAY_MILLISECONDS);

    await expect(readSecret()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await secrets.send(create);
    expect(await readSecret()).toBe('one');
  });

  it('deletes at once when it is forced, also what is not there', async () => {
    const { secrets, readSecret } = await startWithSecret();
    const force = new DeleteSecretCommand({ SecretId, ForceDeleteWithoutRecovery: true });
    await secrets.send(force);
    await secrets.send(force);
    await expect(readSecret()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('lists secrets page by page', async () => {
    const { secrets } = await start();
    for (const Name of ['a', 'b', 'c'])
      await secrets.send(new CreateSecretCommand({ Name, SecretString: Name }));
    const { SecretList = [], NextToken } = await secrets.send(new ListSecretsCommand({ MaxResults: 2 }));
    const rest = await secrets.send(new ListSecretsCommand({ MaxResults: 2, NextToken }));
    expect([...SecretList, ...(rest.SecretList ?? [])].map(({ Name }) => Name)).toEqual(['a', 'b', 'c']);
    expect(rest.NextToken).toBeUndefined();
  });
});

describe('generateSecretString', () => {
  it('holds each included type and nothing that is excluded', () => {
    const options = { PasswordLength: 8, ExcludePunctuation: true, ExcludeCharacters: '01lO' };
    for (let round = 0; round < 100; round += 1)
      expect(generateSecretString(GenerateSecretString.parse(options))).toMatch(
        /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-km-zA-NP-Z2-9]{8}$/,
      );
  });

  it('puts the value into the template', () => {
    const options = { SecretStringTemplate: '{"username":"app"}', GenerateStringKey: 'password' };
    const value = JSON.parse(generateSecretString(GenerateSecretString.parse(options)));
    expect(value).toEqual({ username: 'app', password: expect.stringMatching(/^.{32}$/s) });
  });
});
