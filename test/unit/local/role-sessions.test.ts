import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  LimitExceededException,
  ListRolePoliciesCommand,
  NoSuchEntityException,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  type Credentials,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createIam } from '../../../local/aws/iam.ts';
import { createSecretsManager } from '../../../local/aws/secrets-manager.ts';
import { SystemClock } from '../../../local/clock.ts';
import { Authorization } from '../../../local/iam/authorization.ts';
import { Callers } from '../../../local/iam/callers.ts';
import { Policy } from '../../../local/iam/policy.ts';
import { serve } from './emulated-aws.ts';

const ACCOUNT = '000000000000';
const TARGET = `arn:aws:iam::${ACCOUNT}:role/team/target`;
const MINTER = `arn:aws:iam::${ACCOUNT}:role/Sallyport/minters/claim`;
const READ = 'secretsmanager:GetSecretValue';
const statement = (over: object) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...over });
const document = (...statements: object[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });
/** As the documentation of the connector asks for it. */
const trust = document({
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
  Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
  Condition: {
    ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/Sallyport/minters/*` },
    StringEquals: { 'sts:ExternalId': 'x1' },
  },
});

/** A role with two secrets to read, and one that may assume it. */
async function account() {
  const secrets = createSecretsManager({
    clock: new SystemClock(),
    directory: undefined,
    region: 'us-east-1',
    accountId: ACCOUNT,
  });
  const secretArn = (name: string) => `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:${name}-abcdef`;
  for (const name of ['a', 'b'])
    secrets.ensureSecret({
      name,
      arn: secretArn(name),
      description: '',
      kmsKeyId: undefined,
      makeValue: () => name,
    });
  const emulated = await serve(secrets.service);
  const closing = <Client extends { destroy(): void }>(client: Client): Client => {
    onTestFinished(() => client.destroy());
    return client;
  };
  const iam = closing(new IAMClient(emulated.client));
  await iam.send(
    new CreateRoleCommand({ RoleName: 'target', Path: '/team/', AssumeRolePolicyDocument: trust }),
  );
  const permit = (PolicyName: string, ...statements: object[]) =>
    iam.send(
      new PutRolePolicyCommand({ RoleName: 'target', PolicyName, PolicyDocument: document(...statements) }),
    );
  await permit('own', statement({ Action: 'secretsmanager:*' }));
  emulated.authorization.addRole({ arn: MINTER, trust: [] });
  emulated.authorization.attachPolicy(
    MINTER,
    Policy.parse(
      JSON.parse(
        document(statement({ Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'] })),
      ),
    ),
    {},
  );
  const minter = closing(new STSClient(emulated.clientAs(MINTER)));
  const assume = (over: Partial<AssumeRoleCommandInput> = {}, by = minter) =>
    by.send(new AssumeRoleCommand({ RoleArn: TARGET, RoleSessionName: 's1', ExternalId: 'x1', ...over }));
  const signedBy = ({ AccessKeyId = '', SecretAccessKey = '', SessionToken = '' }: Credentials) => ({
    ...emulated.client,
    credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
  });
  const read = async (credentials: Credentials | undefined, SecretId: string): Promise<string> => {
    const client = closing(new SecretsManagerClient(signedBy(credentials as Credentials)));
    return client.send(new GetSecretValueCommand({ SecretId })).then(
      ({ SecretString = '' }) => SecretString,
      (error: Error) => `${error.name}: ${error.message}`,
    );
  };
  const identityOf = (credentials: Credentials | undefined) =>
    closing(new STSClient(signedBy(credentials as Credentials))).send(new GetCallerIdentityCommand({}));
  return {
    ...emulated,
    iam,
    permit,
    assume,
    read,
    identityOf,
    minter,
    operator: closing(new STSClient(emulated.client)),
    secretArn,
  };
}

describe('a session of a role', () => {
  it('does what its role and its session policy both permit', async () => {
    const { assume, read, identityOf, secretArn } = await account();
    const all = await assume();
    expect(await read(all.Credentials, 'b')).toBe('b');
    const narrowed = await assume({
      Policy: document(statement({ Action: READ, Resource: secretArn('a') }), statement({ Action: 's3:*' })),
    });
    expect(await read(narrowed.Credentials, 'a')).toBe('a');
    expect(await read(narrowed.Credentials, 'b')).toMatch(
      /^AccessDeniedException: .*assumed-role\/target\/s1 .* because no session policy allows the secretsmanager:GetSecretValue action$/,
    );
    expect(await identityOf(narrowed.Credentials)).toMatchObject({
      Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/target/s1`,
      Account: ACCOUNT,
    });
  });

  it('is told by its tags, its source identity and the time it was issued', async () => {
    const { assume, read, permit, iam, clock } = await account();
    const tagged = (grant: string) => ({ Tags: [{ Key: 'grant', Value: grant }], SourceIdentity: 'erin' });
    const first = await assume(tagged('g1'));
    const second = await assume(tagged('g2'));
    await permit(
      'deny-1',
      statement({ Effect: 'Deny', Condition: { StringEquals: { 'aws:PrincipalTag/grant': ['g1', 'g9'] } } }),
    );
    expect(await read(first.Credentials, 'a')).toContain('with an explicit deny in an identity-based policy');
    expect(await read(second.Credentials, 'a')).toBe('a');
    await permit(
      'deny-2',
      statement({ Effect: 'Deny', Condition: { StringEquals: { 'aws:SourceIdentity': 'erin' } } }),
    );
    expect(await read(second.Credentials, 'a')).toContain('explicit deny');
    await iam.send(new DeleteRolePolicyCommand({ RoleName: 'target', PolicyName: 'deny-2' }));
    expect(await read(second.Credentials, 'a')).toBe('a');
    clock.leap(2000);
    const now = new Date(clock.now()).toISOString();
    const later = await assume(tagged('g3'));
    await permit(
      'deny-3',
      statement({
        Effect: 'Deny',
        Condition: { DateLessThan: { 'aws:TokenIssueTime': `${now.slice(0, 19)}Z` } },
      }),
    );
    expect(await read(second.Credentials, 'a')).toContain('explicit deny');
    expect(await read(later.Credentials, 'a')).toBe('a');
  });

  it('ends when its time is over', async () => {
    const { assume, read, identityOf, clock } = await account();
    const { Credentials } = await assume({ DurationSeconds: 900 });
    clock.leap(890_000);
    expect(await read(Credentials, 'a')).toBe('a');
    clock.leap(10_000);
    expect(await read(Credentials, 'a')).toMatch(/^ExpiredTokenException: /);
    await expect(identityOf(Credentials)).rejects.toMatchObject({
      name: expect.stringMatching(/^ExpiredToken/),
    });
  });

  it('is not the operator where its key is nobody’s', async () => {
    const { read } = await account();
    const invented = { AccessKeyId: 'ASIA0000000000000000', SecretAccessKey: 's', SessionToken: 't' };
    expect(await read(invented as Credentials, 'a')).toMatch(/^UnrecognizedClientException: /);
  });
});

describe('a role', () => {
  it('is assumed by whom it trusts, as it asks for, and by nobody else', async () => {
    const { assume, clientAs, authorization, operator, iam } = await account();
    const other = `arn:aws:iam::${ACCOUNT}:role/other`;
    authorization.addRole({ arn: other, trust: [] });
    authorization.attachPolicy(other, Policy.parse(JSON.parse(document(statement({ Action: 'sts:*' })))), {});
    const refused = { name: 'AccessDenied' };
    await expect(assume({}, new STSClient(clientAs(other)))).rejects.toMatchObject(refused);
    await expect(assume({}, operator)).rejects.toMatchObject(refused);
    await expect(assume({ ExternalId: 'x2' })).rejects.toMatchObject(refused);
    await expect(assume({ RoleArn: `${TARGET}2` })).rejects.toMatchObject(refused);
    await iam.send(
      new CreateRoleCommand({
        RoleName: 'untagged',
        AssumeRolePolicyDocument: document({
          Effect: 'Allow',
          Principal: { AWS: MINTER },
          Action: 'sts:AssumeRole',
        }),
      }),
    );
    const untagged = { RoleArn: `arn:aws:iam::${ACCOUNT}:role/untagged` };
    await assume(untagged);
    await expect(assume({ ...untagged, Tags: [{ Key: 'a', Value: 'b' }] })).rejects.toThrow('sts:TagSession');
    await expect(assume({ ...untagged, SourceIdentity: 'erin' })).rejects.toThrow('sts:SetSourceIdentity');
  });

  it.each<[string, Partial<AssumeRoleCommandInput>, string]>([
    [
      'a policy that is too long',
      { Policy: document(statement({ Sid: 'x'.repeat(2000) })) },
      'it may have 2048',
    ],
    ['a policy that is none', { Policy: '{}' }, 'refused'],
    ['less than 15 minutes', { DurationSeconds: 899 }, 'DurationSeconds'],
    ['more than an hour to a session of another role', { DurationSeconds: 3601 }, 'role chaining'],
    ['a name that is not allowed', { RoleSessionName: 'a b' }, 'RoleSessionName'],
    ['a member that is not honoured', { SerialNumber: 'arn:aws:iam::000000000000:mfa/erin' }, 'SerialNumber'],
  ])('is not assumed with %s', async (_what, over, complaint) => {
    const { assume } = await account();
    await expect(assume(over)).rejects.toThrow(complaint);
  });

  it('has inline policies of at most 10,240 characters in all', async () => {
    const { iam, permit } = await account();
    await permit('big', statement({ Sid: 'x'.repeat(9000) }));
    await expect(permit('more', statement({ Sid: 'x'.repeat(1200) }))).rejects.toBeInstanceOf(
      LimitExceededException,
    );
    await permit('big', statement({ Sid: 'x' }));
    await permit('more', statement({ Sid: 'x'.repeat(1200) }));
    const names = async (marker = {}) =>
      iam.send(new ListRolePoliciesCommand({ RoleName: 'target', MaxItems: 2, ...marker }));
    const first = await names();
    expect(first).toMatchObject({ PolicyNames: ['big', 'more'], IsTruncated: true });
    expect(await names({ Marker: first.Marker })).toMatchObject({ PolicyNames: ['own'], IsTruncated: false });
    const { PolicyDocument = '' } = await iam.send(
      new GetRolePolicyCommand({ RoleName: 'target', PolicyName: 'own' }),
    );
    expect(JSON.parse(decodeURIComponent(PolicyDocument))).toHaveProperty('Statement');
  });

  it('is what it was made as, until it is deleted without policies', async () => {
    const { iam } = await account();
    const ofTarget = { RoleName: 'target' };
    expect((await iam.send(new GetRoleCommand(ofTarget))).Role).toMatchObject({
      Arn: TARGET,
      Path: '/team/',
      MaxSessionDuration: 3600,
    });
    await expect(iam.send(new DeleteRoleCommand(ofTarget))).rejects.toMatchObject({
      name: 'DeleteConflictException',
    });
    await iam.send(new DeleteRolePolicyCommand({ ...ofTarget, PolicyName: 'own' }));
    await iam.send(new DeleteRoleCommand(ofTarget));
    await expect(iam.send(new GetRoleCommand(ofTarget))).rejects.toBeInstanceOf(NoSuchEntityException);
  });
});

describe('what is kept in a directory', () => {
  it('is there when the runtime starts again: roles with their policies, sessions with theirs', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const place = { accountId: ACCOUNT, region: 'us-east-1' };
    const start = () => {
      const authorization = new Authorization(place);
      const callers = new Callers(directory);
      const iam = createIam({ ...place, authorization, clock: new SystemClock(), directory });
      return { authorization, callers, iam };
    };
    const operator = { kind: 'operator' } as const;
    const { callers, iam } = start();
    await iam.operations['CreateRole']?.(
      { RoleName: 'target', Path: '/team/', AssumeRolePolicyDocument: trust },
      operator,
    );
    const PolicyDocument = document(statement({ Action: READ }));
    await iam.operations['PutRolePolicy']?.(
      { RoleName: 'target', PolicyName: 'own', PolicyDocument },
      operator,
    );
    const credentials = callers.begin({
      roleArn: TARGET,
      sessionName: 's1',
      policyText: document(statement({ Resource: 'a' })),
      tags: { grant: 'g1' },
      sourceIdentity: 'erin',
      issuedAtEpochSeconds: 0,
      expiresAtEpochSeconds: 3600,
    });

    const later = start();
    const caller = later.callers.find(credentials.accessKeyId);
    expect(caller).toMatchObject({
      credentials,
      principal: { roleArn: TARGET, session: { tags: { grant: 'g1' }, sourceIdentity: 'erin' } },
    });
    const may = (action: string, resource: string) => () =>
      later.authorization.demand(caller?.principal ?? operator, { action, resource, context: {} });
    expect(may(READ, 'a')).not.toThrow();
    expect(may(READ, 'b')).toThrow('no session policy');
    expect(may('secretsmanager:PutSecretValue', 'a')).toThrow('no identity-based policy');
  });
});
