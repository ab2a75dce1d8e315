import {
  BatchGetSecretValueCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  type FilterNameStringType,
  GetSecretValueCommand,
  InvalidNextTokenException,
  InvalidParameterException,
  ListSecretsCommand,
  type ListSecretsCommandInput,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  RestoreSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { GenerateSecretString, generateSecretString } from '../../../local/aws/generate-secret-string.ts';
import { createSecretsManager } from '../../../local/aws/secrets-manager.ts';
import type { JsonObject } from '../../../local/aws/service.ts';
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

const NAMES = ['prod/db', 'prod/api', 'stage/db', 'other'];

/** A second passes after each. */
async function startWithSeveral() {
  const world = await start();
  const described = { 'prod/db': 'The database of prod', 'stage/db': 'The database of staging' };
  const tags: Record<string, string> = { 'prod/db': 'storage', 'prod/api': 'payments' };
  for (const Name of NAMES) {
    const owner = tags[Name];
    await world.secrets.send(
      new CreateSecretCommand({
        Name,
        SecretString: `value of ${Name}`,
        Description: described[Name as keyof typeof described],
        ...(owner === undefined ? {} : { Tags: [{ Key: 'owner', Value: owner }] }),
      }),
    );
    world.clock.leap(1000);
  }
  return world;
}

function filter(Key: FilterNameStringType, ...Values: string[]): ListSecretsCommandInput {
  return { Filters: [{ Key, Values }] };
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
    const { secrets } = await startWithSeveral();
    const { SecretList = [], NextToken } = await secrets.send(new ListSecretsCommand({ MaxResults: 3 }));
    const rest = await secrets.send(new ListSecretsCommand({ MaxResults: 3, NextToken }));
    expect([...SecretList, ...(rest.SecretList ?? [])].map(({ Name }) => Name)).toEqual(NAMES);
    expect(rest.NextToken).toBeUndefined();
    await expect(secrets.send(new ListSecretsCommand({ NextToken: 'nonsense' }))).rejects.toThrow(
      InvalidNextTokenException,
    );
  });

  it('tells of a listed secret what it tells of a described one', async () => {
    const { secrets, arn } = await startWithSecret();
    const { SecretList } = await secrets.send(new ListSecretsCommand({}));
    expect(SecretList).toEqual([
      {
        ARN: arn,
        Name: SecretId,
        Description: '',
        CreatedDate: new Date(1_700_000_000_000),
        LastChangedDate: new Date(1_700_000_000_000),
        Tags: [],
        SecretVersionsToStages: { [first]: ['AWSCURRENT'] },
      },
    ]);
  });

  it.each<[string, ListSecretsCommandInput, string[]]>([
    ['a name that begins so', filter('name', 'prod/'), ['prod/db', 'prod/api']],
    ['a name, in its case', filter('name', 'Prod/'), []],
    ['any of some names', filter('name', 'prod/api', 'stage/'), ['prod/api', 'stage/db']],
    ['no such name', filter('name', '!prod/'), ['stage/db', 'other']],
    ['a name and not another', filter('name', 'prod/', '!prod/api'), ['prod/db']],
    ['a description, in any case', filter('description', 'the DATABASE'), ['prod/db', 'stage/db']],
    ['a tag', filter('tag-key', 'own'), ['prod/db', 'prod/api']],
    ["a tag's value", filter('tag-value', 'payments'), ['prod/api']],
    ['words anywhere', filter('all', 'payments'), ['prod/api']],
    ['all words in one place', filter('all', 'database PROD'), ['prod/db']],
    [
      'two filters',
      {
        Filters: [...(filter('name', 'prod/').Filters ?? []), ...(filter('tag-key', 'owner').Filters ?? [])],
      },
      ['prod/db', 'prod/api'],
    ],
    ['the latest first', { SortOrder: 'desc' }, NAMES.toReversed()],
    ['names in order', { SortBy: 'name' }, ['other', 'prod/api', 'prod/db', 'stage/db']],
  ])('lists by %s', async (_, input, names) => {
    const { secrets } = await startWithSeveral();
    const { SecretList } = await secrets.send(new ListSecretsCommand(input));
    expect(SecretList?.map(({ Name }) => Name)).toEqual(names);
  });

  it('lists what is marked for deletion only when it is asked to', async () => {
    const { secrets } = await startWithSeveral();
    await secrets.send(new DeleteSecretCommand({ SecretId: 'other' }));
    const list = async (input: ListSecretsCommandInput) =>
      (await secrets.send(new ListSecretsCommand({ ...filter('name', 'other'), ...input }))).SecretList;
    expect(await list({})).toEqual([]);
    expect(await list({ IncludePlannedDeletion: true })).toMatchObject([
      { Name: 'other', DeletedDate: new Date(1_700_000_004_000 + 30 * DAY_MILLISECONDS) },
    ]);
  });

  it('names a filter that it does not have', async () => {
    const { secrets } = await start();
    await expect(secrets.send(new ListSecretsCommand(filter('owning-service', 'rds')))).rejects.toMatchObject(
      { name: 'ValidationException', message: expect.stringMatching(/^Filters: 0: Key: /) },
    );
  });

  it('gives several values at once, and says which it could not', async () => {
    const { secrets } = await startWithSeveral();
    const { SecretValues, Errors } = await secrets.send(
      new BatchGetSecretValueCommand({ SecretIdList: ['prod/api', 'absent', 'other'] }),
    );
    expect(SecretValues?.map(({ Name, SecretString }) => [Name, SecretString])).toEqual([
      ['prod/api', 'value of prod/api'],
      ['other', 'value of other'],
    ]);
    expect(Errors).toEqual([
      {
        SecretId: 'absent',
        ErrorCode: 'ResourceNotFoundException',
        Message: "Secrets Manager can't find the specified secret.",
      },
    ]);
  });

  it('gives the values of those that a filter finds, page by page', async () => {
    const { secrets } = await startWithSeveral();
    const get = (NextToken?: string) =>
      secrets.send(new BatchGetSecretValueCommand({ ...filter('name', 'prod/'), MaxResults: 1, NextToken }));
    const page = await get();
    const { SecretValues = [], NextToken } = await get(page.NextToken);
    expect([...(page.SecretValues ?? []), ...SecretValues].map(({ Name }) => Name)).toEqual([
      'prod/db',
      'prod/api',
    ]);
    expect(NextToken).toBeUndefined();
    const both = { SecretIdList: ['other'], ...filter('name', 'a') };
    for (const wrong of [{}, both, { SecretIdList: ['other'], MaxResults: 1 }])
      await expect(secrets.send(new BatchGetSecretValueCommand(wrong))).rejects.toThrow(
        InvalidParameterException,
      );
  });

  it('wants of a reader of several what it wants of a reader of each', () => {
    const place = { region: 'us-east-1', accountId: '000000000000' };
    const { service, ensureSecret } = createSecretsManager({
      clock: new LeapingClock(),
      directory: undefined,
      ...place,
    });
    const arnOf = (name: string) => `arn:aws:secretsmanager:us-east-1:000000000000:secret:${name}-abcdef`;
    for (const name of ['a', 'b'])
      ensureSecret({ name, arn: arnOf(name), description: '', kmsKeyId: undefined, makeValue: () => name });
    const wanted = (input: object) =>
      service
        .accesses('BatchGetSecretValue', input as JsonObject)
        .map(({ action, resource }) => [action.replace('secretsmanager:', ''), resource]);
    expect(wanted({ SecretIdList: ['a', 'b'] })).toEqual([
      ['BatchGetSecretValue', '*'],
      ['GetSecretValue', arnOf('a')],
      ['GetSecretValue', arnOf('b')],
    ]);
    expect(wanted(filter('name', 'b'))).toEqual([
      ['BatchGetSecretValue', '*'],
      ['ListSecrets', '*'],
      ['GetSecretValue', arnOf('b')],
    ]);
  });

  it('lists the versions of a secret, those without a label on request', async () => {
    const { secrets } = await startWithSecret();
    await secrets.send(putPending);
    await secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSPENDING',
        RemoveFromVersionId: second,
      }),
    );
    const list = async (input: object) =>
      (await secrets.send(new ListSecretVersionIdsCommand({ SecretId, ...input }))).Versions;
    const current = {
      VersionId: first,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: new Date(1_700_000_000_000),
    };
    expect(await list({})).toEqual([current]);
    expect(await list({ IncludeDeprecated: true })).toMatchObject([current, { VersionId: second }]);
  });

  it('keeps bytes as they are', async () => {
    const { secrets } = await start();
    const SecretBinary = Uint8Array.of(0, 255, 128, 10);
    await secrets.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary }));
    const value = await secrets.send(new GetSecretValueCommand({ SecretId: 'bytes' }));
    expect(value.SecretBinary).toEqual(SecretBinary);
    expect(value.CreatedDate).toEqual(new Date(1_700_000_000_000));
  });

  it.each<[string, new (...parts: never[]) => Error, object]>([
    ['an absent secret', ResourceNotFoundException, { SecretId: 'absent' }],
    ['an absent version', ResourceNotFoundException, { VersionId: second }],
    ['an absent stage', ResourceNotFoundException, { VersionStage: 'AWSPENDING' }],
  ])('says that it cannot find %s', async (_, error, query) => {
    const { readSecret } = await startWithSecret();
    await expect(readSecret(query)).rejects.toThrow(error);
  });

  it('names a member that it would not honour', async () => {
    const { secrets } = await start();
    const replicated = new CreateSecretCommand({
      Name: 'a',
      SecretString: 'a',
      AddReplicaRegions: [{ Region: 'eu-west-1' }],
    });
    await expect(secrets.send(replicated)).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Unrecognized key: "AddReplicaRegions"',
    });
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
