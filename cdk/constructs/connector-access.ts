import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { ArnFormat, Stack, Token } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { grantSecretName } from '../../lambdas/minting/grant.ts';
import type { Deployment, Target } from '../../lambdas/platform/deployment.ts';
import { administratorSecretName } from '../../lambdas/platform/target.ts';
import { managedSecretName } from '../../lambdas/rotation/connection.ts';
import { decryptThrough } from './access.ts';

/** One half of the connectors. */
export type ConnectorHalf = 'mint' | 'revoke';

/** What one half of the connectors needs at these targets, and nothing more. */
export function connectorAccess(
  scope: Construct,
  half: ConnectorHalf | undefined,
  targets: readonly Target[],
  dataKey: IKey,
): PolicyStatement[] {
  if (half === undefined) return [];
  return [
    readAdministratorSecrets(scope, half, targets),
    // Tokens that we sign ourselves are never kept.
    targets.some(({ connector }) => connector !== 'oauth-jwt') ? vaultAccess(scope, half, dataKey) : [],
    roleAccess(scope, half, targets),
    half === 'mint' ? readManagedSecrets(scope, targets) : [],
  ].flat();
}

/**
 * The roles of the functions that have this half have a path of their own. By it the vault's secrets and the roles of
 * targets tell them from everybody else, whatever CloudFormation names them: also after one was replaced or another
 * one has joined them.
 */
export function connectorRolePath(scope: Construct, half: ConnectorHalf): string {
  return `/${Stack.of(scope).stackName}/${half === 'mint' ? 'minters' : 'revokers'}/`;
}

/** The ARNs of those roles, as a pattern. */
export function connectorRoles(scope: Construct, half: ConnectorHalf): string {
  return Stack.of(scope).formatArn({
    service: 'iam',
    region: '',
    resource: 'role',
    resourceName: `${connectorRolePath(scope, half).slice(1)}*`,
  });
}

function readAdministratorSecrets(
  scope: Construct,
  half: ConnectorHalf,
  targets: readonly Target[],
): PolicyStatement[] {
  const administered = targets.filter(({ connector }) => actsWithSecret[connector]?.includes(half));
  return administered.length === 0
    ? []
    : [
        new PolicyStatement({
          sid: 'ReadAdministratorSecrets',
          actions: ['secretsmanager:GetSecretValue'],
          resources: administered.map(({ id }) => secretArn(scope, `${administratorSecretName(id)}-??????`)),
        }),
      ];
}

/** Which halves act with a secret at their targets; a token of GitHub's is ended by itself. */
const actsWithSecret: { readonly [Kind in Target['connector']]?: readonly ConnectorHalf[] } = {
  postgres: ['mint', 'revoke'],
  kubernetes: ['mint', 'revoke'],
  'github-app': ['mint'],
};

/**
 * A secret is made empty, closed to others, and then filled; whoever ends the credential tries it and deletes the
 * secret. Secrets Manager uses its key in the caller's name
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).
 */
function vaultAccess(scope: Construct, half: ConnectorHalf, dataKey: IKey): PolicyStatement[] {
  const uses = {
    mint: {
      secret: ['CreateSecret', 'PutResourcePolicy', 'PutSecretValue'],
      key: ['kms:Decrypt', 'kms:GenerateDataKey'],
    },
    revoke: { secret: ['GetSecretValue', 'DeleteSecret'], key: ['kms:Decrypt'] },
  }[half];
  return [
    new PolicyStatement({
      sid: 'UseVault',
      actions: uses.secret.map((action) => `secretsmanager:${action}`),
      resources: [secretArn(scope, grantSecretName('*'))],
    }),
    new PolicyStatement({
      sid: 'UseVaultKey',
      actions: uses.key,
      resources: [dataKey.keyArn],
      conditions: {
        StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(scope).region}.amazonaws.com` },
      },
    }),
  ];
}

/** The roles that grants assume, and where it is written which of their sessions are refused. */
function roleAccess(scope: Construct, half: ConnectorHalf, targets: readonly Target[]): PolicyStatement[] {
  const roleArns = [
    ...new Set(targets.flatMap((target) => (target.connector === 'aws-sts' ? [target.roleArn] : []))),
  ];
  if (roleArns.length === 0) return [];
  requireOwnAccount(scope, roleArns);
  if (half === 'mint')
    return [
      new PolicyStatement({
        sid: 'AssumeTargetRoles',
        actions: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        resources: roleArns,
      }),
    ];
  return [
    new PolicyStatement({
      sid: 'DenySessions',
      actions: ['iam:PutRolePolicy', 'iam:DeleteRolePolicy'],
      resources: roleArns,
    }),
    new PolicyStatement({
      sid: 'SeeDenials',
      actions: ['iam:ListRolePolicies'],
      // A role that is gone has no path any more: only who may ask for it without one is told that it is gone.
      resources: [...new Set([...roleArns, ...roleArns.map((arn) => arn.replace(/:role\/.*\//, ':role/'))])],
    }),
  ];
}

/** A role is changed by who is of its account, so that what is minted elsewhere could not be revoked. */
function requireOwnAccount(scope: Construct, roleArns: readonly string[]): void {
  const { account } = Stack.of(scope);
  const foreign = roleArns.find((arn) => !Token.isUnresolved(account) && arn.split(':')[4] !== account);
  if (foreign !== undefined)
    throw new Error(`The role ${foreign} of a target is in another account than Sallyport, ${account}`);
}

/** What is sent to receivers of signals as their authorization, where they ask for one. */
export function receiverAccess(
  scope: Construct,
  receivers: Deployment['signalReceivers'],
  dataKey: IKey,
): PolicyStatement[] {
  const secrets = receivers.flatMap(({ authorizationSecret }) => authorizationSecret ?? []);
  if (secrets.length === 0) return [];
  return [
    new PolicyStatement({
      sid: 'ReadReceiverSecrets',
      actions: ['secretsmanager:GetSecretValue'],
      resources: secrets.map((name) => secretArn(scope, `${name}-??????`)),
    }),
    decryptThrough('UseReceiverSecretsKey', dataKey, 'secretsmanager'),
  ];
}

/** What grants check out. */
function readManagedSecrets(scope: Construct, targets: readonly Target[]): PolicyStatement[] {
  const secrets = targets.flatMap((target) => (target.connector === 'secret' ? [target.secret] : []));
  if (secrets.length === 0) return [];
  return [
    new PolicyStatement({
      sid: 'ReadManagedSecrets',
      actions: ['secretsmanager:GetSecretValue'],
      resources: [...new Set(secrets)].map((id) => secretArn(scope, `${managedSecretName(id)}-??????`)),
    }),
  ];
}

/** Secrets Manager adds six random characters to a name (https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html). */
export function secretArn(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: name,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
