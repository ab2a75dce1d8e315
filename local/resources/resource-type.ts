import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { StateMachines } from '../asl/state-machines.ts';
import type { FunctionLog } from '../aws/function-log.ts';
import type { HttpApi } from '../aws/http-api.ts';
import type { Kms } from '../aws/kms.ts';
import type { FunctionDeclaration, LambdaFunctions } from '../aws/lambda.ts';
import type { SecretsManager } from '../aws/secrets-manager.ts';
import type { Json } from '../aws/service.ts';
import type { Authorization } from '../iam/authorization.ts';
import type { GuardedTable } from '../iam/dynamodb-accesses.ts';
import type { AssumedRole } from '../iam/principal.ts';
import type { Schedules } from '../schedules.ts';

/** What the resources of a template are made in. */
export interface Cloud {
  readonly dynamoDbEndpoint: string;
  readonly tables: Map<string, GuardedTable>;
  readonly authorization: Authorization;
  readonly kms: Kms;
  readonly secretsManager: SecretsManager;
  readonly functions: LambdaFunctions;
  readonly stateMachines: StateMachines;
  readonly schedules: Schedules;
  readonly httpApi: HttpApi;
  readonly apiUrl: string;
  /** The endpoint and the credentials that a function is told. */
  readonly credentialsFor: (role: AssumedRole) => FunctionDeclaration['environment'];
  readonly openLog: (functionName: string) => FunctionLog;
}

/** One resource of a template. */
export interface DeclaredResource<Properties> {
  readonly stackName: string;
  readonly logicalId: string;
  /** Where its construct is in the CDK app, such as `Sallyport/Table/Resource`. */
  readonly constructPath: string;
  /** What the CDK app says of it beside its properties. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly accountId: string;
  readonly region: string;
  /** Its properties, resolved and checked. */
  readonly properties: Properties;
  /** Where an asset lies on this machine; throws if there is none with this S3 object key. */
  readonly asset: (objectKey: string) => string;
}

/** What `Ref` and `Fn::GetAtt` answer with. It depends on names alone: nothing has to be made before. */
export interface Identity {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, Json>>;
}

/** One type of resource. Its schema refuses the properties that the runtime does not honour. */
export interface ResourceType<Schema extends z.ZodType = z.ZodType> {
  readonly properties: Schema;
  identify(resource: DeclaredResource<z.output<Schema>>): Identity;
  deploy?(resource: DeclaredResource<z.output<Schema>>, cloud: Cloud): Promise<void> | void;
}

/** Lets each type be written with its own properties, and kept with the others. */
export function resourceType<Schema extends z.ZodType>(type: ResourceType<Schema>): ResourceType {
  return type;
}

/** A physical name that stays the same from start to start. */
export function physicalName({ stackName, logicalId }: DeclaredResource<unknown>): string {
  return `${stackName}-${logicalId}`;
}

/** Hexadecimal digits that stay the same from start to start, for ids that AWS draws at random. */
export function stableDigits({ stackName, logicalId }: DeclaredResource<unknown>, length: number): string {
  return createHash('sha256').update(`${stackName}/${logicalId}`).digest('hex').slice(0, length);
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export function arn(
  service: string,
  { region, accountId }: Pick<DeclaredResource<unknown>, 'region' | 'accountId'>,
  resource: string,
): string {
  return `arn:aws:${service}:${region}:${accountId}:${resource}`;
}

/** A property that may be there and makes no difference on one machine. */
export const ignored = z.unknown().optional();
