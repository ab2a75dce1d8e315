import { join } from 'node:path';
import { Alarm, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { ManagedPolicy, type PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { routes } from '../../lambdas/api.ts';
import type { Deployment, Network } from '../../lambdas/platform/deployment.ts';
import { pascalCase, type WorkflowName, workflows } from '../../workflows/manifest.ts';
import {
  answerTaskTokens,
  describeExecutions,
  explainUnexercised,
  keyUse,
  readSecret,
  startWorkflows,
  tableAccess,
} from '../constructs/access.ts';
import {
  connectorAccess,
  connectorRolePath,
  connectorRoles,
  receiverAccess,
  secretArn,
} from '../constructs/connector-access.ts';
import { HttpApi } from '../constructs/http-api.ts';
import { rotationAccess } from '../constructs/rotation-access.ts';
import { SallyportFunction, TRACES_UNEXERCISED, writeTraces } from '../constructs/sallyport-function.ts';
import { Schedule } from '../constructs/schedule.ts';
import { Workflow, workflowArn } from '../constructs/workflow.ts';
import {
  declarations,
  type EnvironmentVariable,
  type FunctionDeclaration,
  type FunctionName,
  functionNames,
} from '../functions.ts';
import type { StateStack } from './state-stack.ts';

export interface ControlPlaneStackProps extends StackProps {
  readonly state: StateStack;
  /** What the deployment governs access to. */
  readonly targets: Deployment['targets'];
  /** The accounts whose secrets it may manage. */
  readonly connections: Deployment['connections'];
  /** Where the functions stand that speak to targets, if in a private network. */
  readonly network: Network | undefined;
  /** Who is told of what was revoked. */
  readonly signalReceivers: Deployment['signalReceivers'];
  /** Holds a directory for each function, by its name. */
  readonly bundles: string;
}

/** What runs: the functions, the workflow and the API. It keeps nothing, and can be replaced at any time. */
export class ControlPlaneStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { state, targets, connections, network, signalReceivers, bundles, ...props }: ControlPlaneStackProps,
  ) {
    super(scope, id, props);
    const api = new HttpApi(this, 'HttpApi', { dataKey: state.dataKey });

    const environment: Record<EnvironmentVariable, string> = {
      TABLE_NAME: state.table.tableName,
      ISSUER: api.url,
      SESSION_SIGNING_KEY_ID: state.sessionSigningKey.keyArn,
      GRANT_SIGNING_KEY_ID: state.grantSigningKey.keyArn,
      SIGNAL_SIGNING_KEY_ID: state.signalSigningKey.keyArn,
      TASK_TOKEN_KEY_ID: state.taskTokenKey.keyArn,
      TOTP_SEED_KEY_ID: state.totpSeedKey.keyArn,
      DERIVATION_SECRET_ID: state.derivationSecret.ref,
      DATA_KEY_ID: state.dataKey.keyArn,
      SECRETS_ARN: secretArn(this, ''),
      VAULT_WRITERS: connectorRoles(this, 'mint'),
      VAULT_READERS: connectorRoles(this, 'revoke'),
      REQUEST_ACCESS_STATE_MACHINE_ARN: workflowArn(this, 'request-access'),
      CONTAIN_INCIDENT_STATE_MACHINE_ARN: workflowArn(this, 'contain-incident'),
      ROTATE_SECRET_STATE_MACHINE_ARN: workflowArn(this, 'rotate-secret'),
    };
    // Once for all: what may be done to no resource in particular shall not hide among what each role may do.
    const tracing = writeTraces();
    const traces = new ManagedPolicy(this, 'WriteTraces', { statements: [tracing] });
    explainUnexercised(traces, { actions: tracing.actions, reason: TRACES_UNEXERCISED });
    const schedules = new CfnScheduleGroup(this, 'Schedules', { name: 'sallyport' });
    const functionArns = new Map<string, string>();
    for (const name of functionNames) {
      const declared = declarations[name];
      const made = new SallyportFunction(this, name, {
        bundle: join(bundles, name),
        environmentSchema: declared.environment,
        environment,
        statements: [
          ...statementsOf(declared, state, this),
          ...(declared.signals ? receiverAccess(this, signalReceivers, state.dataKey) : []),
          ...connectorAccess(this, declared.connectors, targets, state.dataKey),
          ...rotationAccess(this, declared.managedSecrets ?? [], connections, state.dataKey),
        ],
        writeTraces: traces,
        dataKey: state.dataKey,
        network: speaksToSystems(declared) ? network : undefined,
        rolePath: declared.connectors && connectorRolePath(this, declared.connectors),
        memoryMegabytes: memoryOf(declared),
        // An integration of API Gateway waits for 30 seconds at the most (HTTP API quotas).
        timeoutSeconds: declared.compilesPolicies ? 29 : 15,
        isScheduled: declared.schedule !== undefined,
      });
      functionArns.set(name, made.lambda.functionArn);
      if (declared.schedule !== undefined)
        new Schedule(made, 'Schedule', { group: schedules, rate: declared.schedule, calls: made.lambda });
    }
    const functionArn = (name: string): string => {
      const arn = functionArns.get(name);
      if (arn === undefined) throw new Error(`There is no function ${name} in cdk/functions.ts`);
      return arn;
    };

    const workflowArns = (Object.keys(workflows) as WorkflowName[]).map(
      (workflow) =>
        new Workflow(this, pascalCase(workflow), { workflow, functionArn, dataKey: state.dataKey }).arn,
    );
    api.addRoutes({
      routes,
      authorizer: 'AuthorizeCaller' satisfies FunctionName,
      fallback: 'DescribeService' satisfies FunctionName,
      functionArn,
    });

    new Alarm(this, 'OrphanedCredential', {
      alarmDescription:
        'A credential is live at a target under a name of Sallyport’s, and no grant accounts for it. The reconciler ends ' +
        'it and tries again until its target does not name it any more. Find its chain (orphan-…) and ask who made it; ' +
        'if the alarm stays, end it at its target by hand.',
      metric: new Metric({
        namespace: 'Sallyport',
        metricName: 'OrphanedCredential',
        dimensionsMap: { service: 'sallyport' },
        statistic: 'Sum',
        period: Duration.minutes(5),
      }),
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });

    new Alarm(this, 'UnloadablePolicySet', {
      alarmDescription:
        'The policy set in force cannot be loaded, so that nothing is decided. Roll it back: npx sallyport policy ' +
        'rollback. Then propose it anew: what is proposed is compiled by the functions that are deployed now.',
      metric: new Metric({
        namespace: 'Sallyport',
        metricName: 'UnloadablePolicySet',
        dimensionsMap: { service: 'sallyport' },
        statistic: 'Sum',
        period: Duration.minutes(5),
      }),
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });

    new CfnOutput(this, 'ApiUrl', { value: api.url });
    new CfnOutput(this, 'StateMachineArns', { value: workflowArns.join(' ') });
  }
}

/** Cedar is WebAssembly: it is as fast as the processor that comes with the memory. */
function memoryOf({ carries, compilesPolicies }: FunctionDeclaration): number {
  // One processor (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
  if (compilesPolicies) return 1769;
  return carries?.includes('cedar') ? 1024 : 512;
}

/** Whether it calls what may be in a private network: targets, or the systems whose secrets are rotated. */
function speaksToSystems({ connectors, managedSecrets = [] }: FunctionDeclaration): boolean {
  return connectors !== undefined || managedSecrets.includes('read');
}

/** The statements that a declaration stands for. */
function statementsOf(
  {
    read = [],
    list = [],
    write = [],
    remove = [],
    keys = {},
    derivesKeys,
    starts,
    follows,
    answersTaskTokens,
  }: FunctionDeclaration,
  state: StateStack,
  stack: Stack,
): PolicyStatement[] {
  const { sessionSigningKey, grantSigningKey, signalSigningKey, taskTokenKey, totpSeedKey } = keys;
  return [
    tableAccess(state.table.tableArn, state.dataKey, { read, list, write, remove }),
    sessionSigningKey ? keyUse('SessionSigningKey', state.sessionSigningKey, sessionSigningKey) : [],
    grantSigningKey ? keyUse('GrantSigningKey', state.grantSigningKey, grantSigningKey) : [],
    signalSigningKey ? keyUse('SignalSigningKey', state.signalSigningKey, signalSigningKey) : [],
    taskTokenKey ? keyUse('TaskTokenKey', state.taskTokenKey, taskTokenKey) : [],
    totpSeedKey ? keyUse('TotpSeedKey', state.totpSeedKey, totpSeedKey) : [],
    derivesKeys ? readSecret(state.derivationSecret.ref, state.dataKey) : [],
    starts?.length ? startWorkflows(starts.map((workflow) => workflowArn(stack, workflow))) : [],
    follows ? describeExecutions(follows.map((workflow) => workflowArn(stack, workflow))) : [],
    answersTaskTokens ? answerTaskTokens(workflowArn(stack, 'request-access')) : [],
  ].flat();
}
