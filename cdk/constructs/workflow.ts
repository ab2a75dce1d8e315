import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Alarm, Metric, type MetricOptions, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { type WorkflowName, workflows } from '../../workflows/manifest.ts';
import { explainUnexercised } from './access.ts';
import { LOG_RETENTION, TRACES_UNEXERCISED, writeTraces } from './sallyport-function.ts';

const workflowsDirectory = join(dirname(dirname(import.meta.dirname)), 'workflows');

/** A workflow as its file holds it, with its placeholders. */
export function definitionOf(workflow: WorkflowName): string {
  return readFileSync(join(workflowsDirectory, `${workflow}.asl.json`), 'utf8');
}

/**
 * The ARN of a workflow before it exists: its name is fixed, so that a function which it invokes may also
 * answer its task tokens without a cycle between the two.
 */
export function workflowArn(stack: Stack, workflow: WorkflowName): string {
  return stack.formatArn({
    service: 'states',
    resource: 'stateMachine',
    resourceName: physicalName(workflow),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

function physicalName(workflow: WorkflowName): string {
  return `sallyport-${workflow}`;
}

/** What a workflow tells besides how its executions end. */
const ownAlarms: Readonly<
  Partial<Record<WorkflowName, { readonly metricName: string; readonly description: string }>>
> = {
  'request-access': {
    metricName: 'UnrevokedCredential',
    description:
      'A credential could not be revoked and may still work. Find the id of its request in the log of RecordUnrevoked; the grant bears the same id. End the ' +
      'credential at its target by hand, and verify there that it is refused.',
  },
  'contain-incident': {
    metricName: 'UncontainedIncident',
    description:
      'An incident is not contained yet: something may still be usable. GET /v1/revocations names the run that is unresolved, and what of it. It goes on ' +
      'trying by itself; end what it names at its target by hand if that cannot wait.',
  },
};

export interface WorkflowProps {
  readonly workflow: WorkflowName;
  /** The ARN of a function by its name. */
  readonly functionArn: (name: string) => string;
  /** Encrypts the logs. */
  readonly dataKey: IKey;
}

/**
 * One workflow. `workflows/manifest.ts` says which functions its states are: from there come both the values
 * of the placeholders in its file and what its role may invoke.
 */
export class Workflow extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, { workflow, functionArn, dataKey }: WorkflowProps) {
    super(scope, id);
    const arns = Object.keys(workflows[workflow]).map((state) => [state, functionArn(state)] as const);
    const logGroup = new LogGroup(this, 'Logs', { retention: LOG_RETENTION, encryptionKey: dataKey });
    const logging = deliverLogs();
    const tracing = writeTraces('xray:GetSamplingRules', 'xray:GetSamplingTargets');
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        // Against the confused deputy: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      inlinePolicies: {
        Workflow: new PolicyDocument({
          statements: [
            new PolicyStatement({
              sid: 'InvokeFunctions',
              actions: ['lambda:InvokeFunction'],
              resources: arns.map(([, arn]) => arn),
            }),
            logging,
            tracing,
          ],
        }),
      },
    });
    explainUnexercised(
      role,
      { actions: tracing.actions, reason: TRACES_UNEXERCISED },
      {
        actions: logging.actions,
        reason: 'Step Functions delivers the log itself, in the name of the role.',
      },
    );
    const stateMachine = new CfnStateMachine(this, 'StateMachine', {
      stateMachineName: physicalName(workflow),
      stateMachineType: 'STANDARD',
      definitionString: definitionOf(workflow),
      definitionSubstitutions: Object.fromEntries(arns.map(([state, arn]) => [`${state}FunctionArn`, arn])),
      roleArn: role.roleArn,
      loggingConfiguration: {
        level: 'ERROR',
        // Payloads stay out of the logs; the execution history and the audit chain have what happened.
        includeExecutionData: false,
        destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: logGroup.logGroupArn } }],
      },
      tracingConfiguration: { enabled: true },
    });
    this.arn = stateMachine.attrArn;

    this.alarm(
      'ExecutionsFailed',
      this.metric('ExecutionsFailed'),
      `An execution of ${workflow} failed. Open it (its name is the request's id), read the error and cause of the last ` +
        'state, then check in the audit chain of the request that no grant of it is active.',
    );
    this.alarm(
      'ExecutionsTimedOut',
      this.metric('ExecutionsTimedOut'),
      `An execution of ${workflow} timed out. Open it (its name is the request's id), find the state that waited, and end ` +
        "the request's grant if it has an active one.",
    );
    this.alarm(
      'ExecutionsAborted',
      this.metric('ExecutionsAborted'),
      `An execution of ${workflow} was stopped by hand: nobody holds its grant any more. Its name is the request's id; end ` +
        "the request's grant if it has an active one.",
    );
    const own = ownAlarms[workflow];
    if (own !== undefined)
      this.alarm(
        own.metricName,
        {
          namespace: 'Sallyport',
          metricName: own.metricName,
          dimensionsMap: { service: 'sallyport' },
        },
        own.description,
      );
  }

  private metric(metricName: string): MetricSource {
    return { namespace: 'AWS/States', metricName, dimensionsMap: { StateMachineArn: this.arn } };
  }

  private alarm(id: string, source: MetricSource, alarmDescription: string): void {
    new Alarm(this, id, {
      alarmDescription,
      metric: new Metric({ ...source, statistic: 'Sum', period: Duration.minutes(5) }),
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }
}

type MetricSource = Required<Pick<MetricOptions, 'dimensionsMap'>> & {
  readonly namespace: string;
  readonly metricName: string;
};

/** https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy */
function deliverLogs(): PolicyStatement {
  return new PolicyStatement({
    sid: 'DeliverLogs',
    actions: [
      'logs:CreateLogDelivery',
      'logs:GetLogDelivery',
      'logs:UpdateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:DescribeResourcePolicies',
      'logs:DescribeLogGroups',
    ],
    // CloudWatch Logs has no resource to name for a log delivery.
    resources: ['*'],
  });
}
