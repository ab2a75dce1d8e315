import { Alarm, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import {
  Effect,
  type ManagedPolicy,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  type CfnFunction,
  Code,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type * as z from 'zod';
import type { Network } from '../../lambdas/platform/deployment.ts';
import { explainUnexercised } from './access.ts';

/** How long operational logs are kept. Evidence is in the audit chains, which outlive them. */
export const LOG_RETENTION = RetentionDays.ONE_MONTH;

export interface SallyportFunctionProps<Schema extends z.ZodObject> {
  /** The function's bundle: `index.js` and the files beside it. */
  readonly bundle: string;
  /** The schema beside the handler. The function is told its variables and no others. */
  readonly environmentSchema: Schema;
  /** A value for each variable of the schema: one that is forgotten does not compile. May hold more. */
  readonly environment: Readonly<Record<keyof z.input<Schema> & string, string>>;
  /** What the function may do besides writing its own logs and traces. */
  readonly statements: readonly PolicyStatement[];
  /** Lets every function send its traces. */
  readonly writeTraces: ManagedPolicy;
  /** Encrypts the logs. */
  readonly dataKey: IKey;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  /** The private network that it stands in, if in any. */
  readonly network?: Network | undefined;
  /** Of its role, for those that are told by it; none where it is left out. */
  readonly rolePath?: string | undefined;
  /** A schedule calls it: nobody waits for its answer. */
  readonly isScheduled: boolean;
}

/**
 * One function: its own role, which holds these statements, all of them on resources that they name; its own
 * encrypted log group; an alarm on its errors.
 */
export class SallyportFunction<Schema extends z.ZodObject> extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, props: SallyportFunctionProps<Schema>) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', { retention: LOG_RETENTION, encryptionKey: props.dataKey });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      ...(props.rolePath && { path: props.rolePath }),
      inlinePolicies: {
        Function: new PolicyDocument({
          statements: [
            new PolicyStatement({
              sid: 'WriteLogs',
              actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
              resources: [logGroup.logGroupArn],
            }),
            ...props.statements,
            ...(props.network === undefined ? [] : standInNetwork()),
          ],
        }),
      },
    });
    props.writeTraces.attachToRole(role);
    explainUnexercised(role, {
      actions: ['dynamodb:Query CHAIN#*'],
      reason:
        'The end of a chain is looked up only when another transition of the same case has come between reading and writing.',
    });
    this.lambda = new LambdaFunction(this, 'Function', {
      description: `Sallyport: ${id}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(props.bundle),
      // The role is complete above: no construct may widen it.
      role: role.withoutPolicyUpdates(),
      logGroup,
      tracing: Tracing.ACTIVE,
      memorySize: props.memoryMegabytes,
      timeout: Duration.seconds(props.timeoutSeconds),
      // What a schedule calls is called again anyway: a second try would meet the next call.
      ...(props.isScheduled && { retryAttempts: 0, maxEventAge: Duration.minutes(1) }),
      environment: {
        POWERTOOLS_SERVICE_NAME: 'sallyport',
        POWERTOOLS_METRICS_NAMESPACE: 'Sallyport',
        POWERTOOLS_LOG_LEVEL: 'INFO',
        ...told(props),
      },
    });
    if (props.network !== undefined) {
      // Not CDK's own property, which wants a network of this app, and widens the role.
      (this.lambda.node.defaultChild as CfnFunction).vpcConfig = {
        subnetIds: props.network.subnets,
        securityGroupIds: props.network.securityGroups,
      };
      explainUnexercised(role, {
        actions: NETWORK_ACTIONS,
        reason: 'Lambda itself makes the interfaces, in the name of the role.',
      });
    }
    new Alarm(this, 'Errors', {
      alarmDescription:
        `${id} failed. Read the entries of level ERROR in its log group: they name the failure and, in a workflow, the ` +
        'request. DependencyUnavailable: check that service and try again. BrokenInvariant: stop and look at ' +
        'the audit chain of the request before anything else is done with it.',
      metric: this.lambda.metricErrors({ period: Duration.minutes(5) }),
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}

function told<Schema extends z.ZodObject>(
  props: SallyportFunctionProps<Schema>,
): Readonly<Record<string, string>> {
  const values: Readonly<Record<string, string>> = props.environment;
  return Object.fromEntries(
    Object.keys(props.environmentSchema.shape).flatMap((name) => {
      const value = values[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Why what `writeTraces` permits is not seen in use. */
export const TRACES_UNEXERCISED =
  'Lambda and Step Functions send the traces themselves, in the name of the role.';

/** https://docs.aws.amazon.com/xray/latest/devguide/security_iam_id-based-policy-examples.html */
export function writeTraces(...more: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    sid: 'WriteTraces',
    actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords', ...more],
    // X-Ray has no resource to name for a trace segment.
    resources: ['*'],
  });
}

/** https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaVPCAccessExecutionRole.html */
const NETWORK_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

/**
 * Lambda attaches the function to the network in the name of its role. The function's own code, whose calls carry its
 * ARN, may not (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html).
 */
function standInNetwork(): PolicyStatement[] {
  // EC2 has no resource to name for some of them, nor for an interface that is to be made.
  const network = { actions: NETWORK_ACTIONS, resources: ['*'] };
  return [
    new PolicyStatement({ sid: 'StandInNetwork', ...network }),
    new PolicyStatement({
      sid: 'LambdaAlone',
      effect: Effect.DENY,
      ...network,
      conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    }),
  ];
}
