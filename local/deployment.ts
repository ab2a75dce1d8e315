import type { Json } from './aws/service.ts';
import type { Stack } from './cloud-assembly.ts';
import { table } from './resources/dynamodb.ts';
import { eventInvokeConfig, lambdaFunction } from './resources/function.ts';
import { api, authorizer, integration, route, stage } from './resources/http-api.ts';
import { managedPolicy, permission, role } from './resources/iam.ts';
import { inertTypes } from './resources/inert.ts';
import { alias, key } from './resources/kms.ts';
import type { Cloud, ResourceType } from './resources/resource-type.ts';
import { schedule, scheduleGroup } from './resources/schedule.ts';
import { secret } from './resources/secret.ts';
import { stateMachine } from './resources/state-machine.ts';
import { type ScopedResource, StackScope } from './stack-scope.ts';

/** A resource of the template as it is now, for tests and tools to find. */
export interface DeployedResource {
  readonly type: string;
  readonly stackName: string;
  readonly logicalId: string;
  readonly constructPath: string;
  readonly ref: string;
  readonly attributes: Readonly<Record<string, Json>>;
}

export interface Deployment {
  readonly resources: readonly DeployedResource[];
  /** The outputs of all stacks, by stack and name: `Sallyport.ApiUrl`. */
  readonly outputs: Readonly<Record<string, Json>>;
}

/** Makes everything that the stacks declare, each stack after those whose exports it imports. */
export async function deploy(stacks: readonly Stack[], cloud: Cloud): Promise<Deployment> {
  const types: Readonly<Record<string, ResourceType>> = {
    'AWS::ApiGatewayV2::Api': api(cloud.apiUrl),
    'AWS::ApiGatewayV2::Authorizer': authorizer,
    'AWS::ApiGatewayV2::Integration': integration,
    'AWS::ApiGatewayV2::Route': route,
    'AWS::ApiGatewayV2::Stage': stage,
    'AWS::DynamoDB::Table': table,
    'AWS::IAM::ManagedPolicy': managedPolicy,
    'AWS::IAM::Role': role,
    'AWS::KMS::Alias': alias,
    'AWS::KMS::Key': key,
    'AWS::Lambda::EventInvokeConfig': eventInvokeConfig,
    'AWS::Lambda::Function': lambdaFunction,
    'AWS::Lambda::Permission': permission,
    'AWS::Scheduler::Schedule': schedule,
    'AWS::Scheduler::ScheduleGroup': scheduleGroup,
    'AWS::SecretsManager::Secret': secret,
    'AWS::StepFunctions::StateMachine': stateMachine,
    ...inertTypes,
  };
  const exports = new Map<string, Json>();
  const outputs: Record<string, Json> = {};
  const resources: DeployedResource[] = [];
  for (const stack of stacks) {
    const scope = new StackScope(stack, types, exports);
    for (const { logicalId, typeName, type, declared } of rolesFirst(scope.resources())) {
      await type.deploy?.(declared, cloud);
      const { ref, attributes = {} } = scope.identity(logicalId);
      const { constructPath } = declared;
      resources.push({ type: typeName, stackName: stack.name, logicalId, constructPath, ref, attributes });
    }
    for (const { name, value, exportName } of scope.outputs()) {
      outputs[`${stack.name}.${name}`] = value;
      if (exportName !== undefined) exports.set(exportName, value);
    }
  }
  return { resources, outputs };
}

/** Roles before their policies, and both before what assumes them. */
function rolesFirst(resources: readonly ScopedResource[]): ScopedResource[] {
  const last = ['AWS::IAM::ManagedPolicy', 'AWS::IAM::Role'];
  const rank = ({ typeName }: ScopedResource) => -last.indexOf(typeName);
  return resources.toSorted((a, b) => rank(a) - rank(b));
}
