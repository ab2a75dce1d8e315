import { Key } from 'aws-cdk-lib/aws-kms';
import { App, Stack } from 'aws-cdk-lib/core';
import { describe, expect, it } from 'vitest';
import { connectorAccess, connectorRoles } from '../../cdk/constructs/connector-access.ts';
import type { Target } from '../../lambdas/platform/deployment.ts';

const ACCOUNT = '111122223333';
const common = { name: 'T', system: 's', environment: 'production', maximumDuration: 'PT1H' } as const;
const role = (id: string, account = ACCOUNT): Target => ({
  ...common,
  id,
  connector: 'aws-sts',
  roleArn: `arn:aws:iam::${account}:role/team/${id}`,
  permissions: { p: { statements: [{ actions: ['s3:GetObject'], resources: ['*'] }] } },
});
const api: Target = {
  ...common,
  id: 'api',
  connector: 'oauth-jwt',
  audience: 'urn:api',
  resourceServer: 'api',
  introspects: true,
  permissions: ['p'],
};

function access(half: 'mint' | 'revoke' | undefined, targets: readonly Target[]) {
  const stack = new Stack(new App(), 'Sallyport', { env: { account: ACCOUNT, region: 'us-east-1' } });
  const statements = connectorAccess(stack, half, targets, new Key(stack, 'Key'));
  return statements.map((one) => stack.resolve(one.toStatementJson()));
}

const allowed = (...given: Parameters<typeof access>) =>
  access(...given).flatMap(({ Action, Resource }) =>
    [Action].flat().flatMap((action: string) => [Resource].flat().map((on) => [action, on])),
  );
const on = (actions: readonly string[], resource: unknown) => actions.map((action) => [action, resource]);
const secretsOfGrants = expect.objectContaining({
  'Fn::Join': [
    '',
    expect.arrayContaining([`:secretsmanager:us-east-1:${ACCOUNT}:secret:sallyport/grants/*`]),
  ],
});

describe('a function with connectors', () => {
  it('that mints assumes the roles of targets and fills the vault, and does not read it', () => {
    expect(allowed('mint', [role('one'), api])).toEqual([
      ...on(
        ['CreateSecret', 'PutResourcePolicy', 'PutSecretValue'].map((name) => `secretsmanager:${name}`),
        secretsOfGrants,
      ),
      ...on(['kms:Decrypt', 'kms:GenerateDataKey'], { 'Fn::GetAtt': ['Key961B73FD', 'Arn'] }),
      ...on(
        ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        `arn:aws:iam::${ACCOUNT}:role/team/one`,
      ),
    ]);
  });

  it('that revokes writes on those roles, and reads and empties the vault', () => {
    expect(allowed('revoke', [role('one')])).toEqual([
      ...on(['secretsmanager:GetSecretValue', 'secretsmanager:DeleteSecret'], secretsOfGrants),
      ['kms:Decrypt', { 'Fn::GetAtt': ['Key961B73FD', 'Arn'] }],
      ...on(['iam:PutRolePolicy', 'iam:DeleteRolePolicy'], `arn:aws:iam::${ACCOUNT}:role/team/one`),
      ['iam:ListRolePolicies', `arn:aws:iam::${ACCOUNT}:role/team/one`],
      ['iam:ListRolePolicies', `arn:aws:iam::${ACCOUNT}:role/one`],
    ]);
  });

  it('uses the data key for secrets alone', () => {
    const statement = access('mint', [role('one')]).find(({ Sid }) => Sid === 'UseVaultKey');
    expect(statement.Condition).toEqual({
      StringEquals: { 'kms:ViaService': 'secretsmanager.us-east-1.amazonaws.com' },
    });
  });

  it('needs nothing where only tokens of our own are given, nor without connectors', () => {
    expect(access('mint', [api])).toEqual([]);
    expect(access('revoke', [api])).toEqual([]);
    expect(access(undefined, [role('one')])).toEqual([]);
  });

  it('is not made for a role of another account, which it could not revoke', () => {
    expect(() => access('mint', [role('one', '444455556666')])).toThrow(
      'arn:aws:iam::444455556666:role/team/one of a target is in another account',
    );
  });

  it('is known by the path of its role', () => {
    const stack = new Stack(new App(), 'Sallyport', { env: { account: ACCOUNT } });
    expect(stack.resolve(connectorRoles(stack, 'mint'))).toEqual({
      'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:iam::${ACCOUNT}:role/Sallyport/minters/*`]],
    });
  });
});
