import { z } from 'zod';
import { arn, type DeclaredResource, ignored, resourceType } from './resource-type.ts';

const Properties = z.strictObject({
  FunctionName: z.string().optional(),
  Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string() }),
  Handler: z.string(),
  Runtime: z.string().regex(/^nodejs/, 'the local runtime runs Node functions only'),
  Timeout: z.number().default(3),
  MemorySize: z.number().default(128),
  Environment: z.strictObject({ Variables: z.record(z.string(), z.string()).default({}) }).optional(),
  PackageType: z.literal('Zip').optional(),
  Role: z.string(),
  // It runs on this machine, whatever its processor.
  Architectures: ignored,
  Description: ignored,
  // Where the logs go on AWS: here they go to the data directory, and traces nowhere.
  LoggingConfig: z.looseObject({ LogGroup: z.string().optional() }).optional(),
  TracingConfig: ignored,
  // All that it speaks to is where this machine reaches it.
  VpcConfig: ignored,
  ReservedConcurrentExecutions: ignored,
  Tags: ignored,
});
const LOG_STREAM = 'local';

type LambdaFunction = DeclaredResource<z.output<typeof Properties>>;

/** The id of its construct, so that logs and tests name a function as the CDK app does. */
const nameOf = ({ properties, constructPath, logicalId }: LambdaFunction): string =>
  properties.FunctionName ??
  constructPath
    .split('/')
    .filter((part) => part !== 'Resource' && part !== 'Function')
    .at(-1) ??
  logicalId;
const arnOf = (declared: LambdaFunction): string => arn('lambda', declared, `function:${nameOf(declared)}`);

export const lambdaFunction = resourceType({
  properties: Properties,
  identify: (declared: LambdaFunction) => ({
    ref: nameOf(declared),
    attributes: { Arn: arnOf(declared) },
  }),
  deploy: (declared: LambdaFunction, { functions, authorization, credentialsFor, openLog }) => {
    const { Code, Handler, Runtime, Timeout, MemorySize, Environment, Role } = declared.properties;
    const name = nameOf(declared);
    const logGroup = declared.properties.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`;
    const role = authorization.assumeRole('lambda.amazonaws.com', { roleArn: Role, forArn: arnOf(declared) });
    // On AWS a role that may not write its function's log leaves it empty: here it is an error.
    for (const action of ['logs:CreateLogStream', 'logs:PutLogEvents'])
      authorization.demand(role, {
        action,
        resource: arn('logs', declared, `log-group:${logGroup}:log-stream:${LOG_STREAM}`),
        context: {},
      });
    const directory = declared.asset(Code.S3Key);
    functions.define({
      name,
      arn: arnOf(declared),
      directory,
      handler: Handler,
      timeoutSeconds: Timeout,
      memoryMegabytes: MemorySize,
      log: openLog(name),
      environment: {
        ...Environment?.Variables,
        ...reservedVariables({ name, directory, Handler, Runtime, MemorySize, region: declared.region }),
        ...credentialsFor(role),
      },
    });
  },
});

const EventInvokeConfig = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  MaximumRetryAttempts: z.literal(0, 'the local runtime tries no call of a function again'),
  // It is taken at once.
  MaximumEventAgeInSeconds: ignored,
});

/** How a function takes calls whose answer nobody waits for. */
export const eventInvokeConfig = resourceType({
  properties: EventInvokeConfig,
  identify: (declared: DeclaredResource<unknown>) => ({ ref: declared.logicalId }),
});

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime */
function reservedVariables(facts: {
  name: string;
  directory: string;
  Handler: string;
  Runtime: string;
  MemorySize: number;
  region: string;
}): Record<string, string> {
  return {
    _HANDLER: facts.Handler,
    AWS_DEFAULT_REGION: facts.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${facts.Runtime}`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(facts.MemorySize),
    AWS_LAMBDA_FUNCTION_NAME: facts.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${facts.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: LOG_STREAM,
    AWS_REGION: facts.region,
    LAMBDA_TASK_ROOT: facts.directory,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    // On Lambda each function has a process to itself; here they would share what they keep in `globalThis`.
    AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA: '1',
    // Nor are there profiles in a home directory.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}
