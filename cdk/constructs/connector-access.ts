import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { ArnFormat, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { Target } from '../../lambdas/platform/deployment.ts';
import { administratorSecretName } from '../../lambdas/platform/target.ts';

/** What one half of the connectors needs at these targets, and nothing more. */
export function connectorAccess(
  scope: Construct,
  half: 'mint' | 'revoke' | undefined,
  targets: readonly Target[],
  _dataKey: IKey,
): PolicyStatement[] {
  if (half === undefined) return [];
  const administered = targets.filter(({ connector }) => connector === 'postgres');
  return administered.length === 0
    ? []
    : [
        new PolicyStatement({
          sid: 'ReadAdministratorSecrets',
          actions: ['secretsmanager:GetSecretValue'],
          resources: administered.map(({ id }) => secretArn(scope, administratorSecretName(id))),
        }),
      ];
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
