import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { ArnFormat, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { administratorSecretName } from '../../lambdas/platform/target.ts';
import { type Connection, managedSecretName } from '../../lambdas/rotation/connection.ts';

/**
 * What a function does with managed secrets: with the labels of their versions, their values, and the accounts. `set`
 * has an account accept a value; `administer` also ends values, and takes them back.
 */
export type SecretUse = 'open' | 'describe' | 'label' | 'read' | 'make' | 'set' | 'administer';

const actions: Readonly<Record<SecretUse, readonly string[]>> = {
  describe: ['secretsmanager:DescribeSecret'],
  label: ['secretsmanager:UpdateSecretVersionStage'],
  read: ['secretsmanager:GetSecretValue'],
  open: ['secretsmanager:CreateSecret'],
  make: ['secretsmanager:PutSecretValue'],
  set: [],
  administer: [],
};

/** What a role needs for these uses of the secrets of these connections, and nothing more. */
export function rotationAccess(
  scope: Construct,
  uses: readonly SecretUse[],
  connections: readonly Connection[],
  dataKey: IKey,
): PolicyStatement[] {
  if (uses.length === 0 || connections.length === 0) return [];
  const administrators = administratorsFor(uses, connections);
  return [
    new PolicyStatement({
      sid: 'UseManagedSecrets',
      actions: uses.flatMap((use) => actions[use]),
      resources: connections.map(({ id }) => secretArn(scope, managedSecretName(id))),
    }),
    ...(administrators.length > 0
      ? [
          new PolicyStatement({
            sid: 'ReadAdministratorSecrets',
            actions: ['secretsmanager:GetSecretValue'],
            resources: administrators.map((id) => secretArn(scope, administratorSecretName(id))),
          }),
        ]
      : []),
    ...(uses.includes('read')
      ? [
          new PolicyStatement({
            sid: 'UseManagedSecretsKey',
            actions: ['kms:Decrypt', ...(uses.includes('open') ? ['kms:GenerateDataKey'] : [])],
            resources: [dataKey.keyArn],
            conditions: {
              StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(scope).region}.amazonaws.com` },
            },
          }),
        ]
      : []),
  ];
}

/** With whose secrets it acts on the accounts. A value that its system has made itself need not be set there. */
function administratorsFor(uses: readonly SecretUse[], connections: readonly Connection[]): string[] {
  const administers = uses.includes('administer');
  const ids = connections.flatMap((connection) =>
    'administrator' in connection &&
    (administers || (uses.includes('set') && connection.kind === 'postgres-user'))
      ? [connection.administrator]
      : [],
  );
  return [...new Set(ids)];
}

/** Secrets Manager adds six random characters to a name (https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html). */
function secretArn(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({
    service: 'secretsmanager',
    resource: 'secret',
    resourceName: `${name}-??????`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
