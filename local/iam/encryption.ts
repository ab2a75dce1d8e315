import type { RequestContext } from './conditions.ts';
import type { Access } from './policy.ts';

export type KeyAction = 'kms:Decrypt' | 'kms:GenerateDataKey';

/**
 * A service unwraps the keys of what it keeps in the name of its caller, who must be permitted to use the
 * customer-managed key through it
 * (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service).
 */
export function keyUseThrough(
  service: 'dynamodb' | 'secretsmanager',
  { keyArn, action, context = {} }: { keyArn: string; action: KeyAction; context?: RequestContext },
): Access {
  const region = keyArn.split(':')[3];
  return {
    action,
    resource: keyArn,
    context: { ...context, 'kms:ViaService': [`${service}.${region}.amazonaws.com`] },
  };
}
