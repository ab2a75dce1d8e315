import {
  CreateRoleCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { STSClient } from '@aws-sdk/client-sts';
import { awsSession } from '../../demo/aws-session.ts';
import { awsStsMinter } from '../../lambdas/minting/connectors/aws-sts/minter.aws-sts.ts';
import { awsStsRevoker } from '../../lambdas/minting/connectors/aws-sts/revoker.aws-sts.ts';
import type { TargetOf } from '../../lambdas/platform/deployment.ts';
import { createSecretsManager } from '../../local/aws/secrets-manager.ts';
import { SystemClock } from '../../local/clock.ts';
import { Policy } from '../../local/iam/policy.ts';
import { startEmulatedAws } from '../unit/local/emulated-aws.ts';

const ACCOUNT = '000000000000';
const REGION = 'us-east-1';
const secretArn = (name: string) => `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-abcdef`;
const reading = (name: string) => ({
  statements: [{ actions: ['secretsmanager:GetSecretValue'], resources: [secretArn(name)] }],
});

const target: TargetOf<'aws-sts'> = {
  id: 'role',
  name: 'A role',
  system: 'aws',
  environment: 'production',
  maximumDuration: 'PT1H',
  connector: 'aws-sts',
  roleArn: `arn:aws:iam::${ACCOUNT}:role/team/target`,
  externalId: 'x1',
  permissions: {
    'a:read': reading('a'),
    'b:read': reading('b'),
    'secrets:list': { statements: [{ actions: ['secretsmanager:ListSecrets'], resources: ['*'] }] },
  },
};

/** A role in an emulated AWS that is a target, with both halves of its connector, each in a role of its own. */
export async function startTargetRole() {
  const secrets = createSecretsManager({
    clock: new SystemClock(),
    directory: undefined,
    region: REGION,
    accountId: ACCOUNT,
  });
  for (const name of ['a', 'b'])
    secrets.ensureSecret({
      name,
      arn: secretArn(name),
      description: '',
      kmsKeyId: undefined,
      makeValue: () => name,
    });
  const aws = await startEmulatedAws(secrets.service);
  const { authorization, clock, faults } = aws;
  const operator = new IAMClient(aws.client);
  await operator.send(
    new CreateRoleCommand({
      RoleName: 'target',
      Path: '/team/',
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
          Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
          Condition: { StringEquals: { 'sts:ExternalId': 'x1', 'sts:SourceIdentity': 'deploy-bot' } },
        },
      }),
    }),
  );
  await operator.send(
    new PutRolePolicyCommand({
      RoleName: 'target',
      PolicyName: 'own',
      PolicyDocument: JSON.stringify({
        Statement: { Effect: 'Allow', Action: 'secretsmanager:*', Resource: '*' },
      }),
    }),
  );
  // As `cdk/constructs/connector-access.ts` has it.
  const configurationOf = (half: string, permitted: Readonly<Record<string, string[]>>) => {
    const arn = `arn:aws:iam::${ACCOUNT}:role/Sallyport/${half}`;
    authorization.addRole({ arn, trust: [] });
    const Statement = Object.entries(permitted).map(([Resource, Action]) => ({
      Effect: 'Allow',
      Action,
      Resource,
    }));
    authorization.attachPolicy(arn, Policy.parse({ Statement }), {});
    return aws.clientAs(arn);
  };
  const sts = new STSClient(
    configurationOf('minter', {
      [target.roleArn]: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    }),
  );
  const iam = new IAMClient(
    configurationOf('revoker', {
      [target.roleArn]: ['iam:PutRolePolicy', 'iam:DeleteRolePolicy', 'iam:ListRolePolicies'],
      [target.roleArn.replace('/team/', '/')]: ['iam:ListRolePolicies'],
    }),
  );
  const session = (material: Readonly<Record<string, string>>) => awsSession(aws.client, material);
  return {
    target,
    minter: awsStsMinter(sts),
    revoker: awsStsRevoker({
      iam,
      iamAs: (credentials) => new IAMClient({ ...aws.client, credentials }),
      clock: { nowEpochMilliseconds: () => clock.now() },
    }),
    nowEpochSeconds: () => Math.floor(clock.now() / 1000),
    leap: (seconds: number) => clock.leap(seconds * 1000),
    operator,
    /** The names of the role's denials. */
    denials: async (): Promise<string[]> => {
      const { PolicyNames = [] } = await operator.send(
        new ListRolePoliciesCommand({ RoleName: 'target', MaxItems: 1000 }),
      );
      return PolicyNames.filter((name) => name !== 'own');
    },
    usable: async (material: Readonly<Record<string, string>>): Promise<string[]> => {
      const { read, list } = session(material);
      const answers = [
        ['a:read', (await read('a')) === 'a'],
        ['b:read', (await read('b')) === 'b'],
        ['secrets:list', (await list()) === 'listed'],
      ] as const;
      return answers.flatMap(([permission, isUsable]) => (isUsable ? [permission] : []));
    },
    whileDown: async <Given>(act: () => Promise<Given>): Promise<Given> => {
      const operations = [
        ['sts', 'AssumeRole'],
        ...['GetRole', 'ListRolePolicies', 'PutRolePolicy', 'DeleteRolePolicy'].map((name) => ['iam', name]),
      ];
      for (const [service = '', operation = ''] of operations)
        faults.fail({ service, operation, error: { code: 'ServiceUnavailable', statusCode: 503 } });
      try {
        return await act();
      } finally {
        faults.clear();
      }
    },
    stop: async (): Promise<void> => {
      for (const client of [operator, sts, iam]) client.destroy();
      await aws.stop();
    },
  };
}
