import { z } from 'zod';
import type { Engine } from '../asl/engine.ts';
import type { Execution } from '../asl/execution.ts';
import { stateMachineArnOf } from '../asl/names.ts';
import type { StateMachineRecord } from '../asl/state-machines.ts';
import { readToken } from '../asl/task-tokens.ts';
import type { Access } from '../iam/policy.ts';
import { AwsError, type AwsService, type Json, type JsonObject } from './service.ts';

const arn = z.string().min(1).max(256);
const name = z.string().min(1);
const page = { maxResults: z.int().min(0).max(1000).optional(), nextToken: z.string().optional() };
const taskToken = z.string().min(1).max(2048);
const error = z.string().max(256).optional();
const cause = z.string().max(32_768).optional();

/** Accepted, and of no effect on one machine. */
const ignored = z.unknown().optional();

const INPUTS = {
  CreateStateMachine: z.strictObject({
    name,
    definition: z.string().min(1).max(1_048_576),
    roleArn: arn,
    type: z.literal('STANDARD').optional(),
    loggingConfiguration: ignored,
    tracingConfiguration: ignored,
  }),
  UpdateStateMachine: z.strictObject({
    stateMachineArn: arn,
    definition: z.string().min(1).max(1_048_576).optional(),
    roleArn: arn.optional(),
    loggingConfiguration: ignored,
    tracingConfiguration: ignored,
  }),
  DescribeStateMachine: z.strictObject({ stateMachineArn: arn }),
  ListStateMachines: z.strictObject(page),
  StartExecution: z.strictObject({
    stateMachineArn: arn,
    name: name.optional(),
    input: z.string().optional(),
    traceHeader: ignored,
  }),
  DescribeExecution: z.strictObject({ executionArn: arn }),
  GetExecutionHistory: z.strictObject({
    executionArn: arn,
    reverseOrder: z.boolean().optional(),
    includeExecutionData: z.boolean().optional(),
    ...page,
  }),
  ListExecutions: z.strictObject({
    stateMachineArn: arn,
    statusFilter: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']).optional(),
    ...page,
  }),
  StopExecution: z.strictObject({ executionArn: arn, error, cause }),
  SendTaskSuccess: z.strictObject({ taskToken, output: z.string() }),
  SendTaskFailure: z.strictObject({ taskToken, error, cause }),
  SendTaskHeartbeat: z.strictObject({ taskToken }),
  TestState: z.strictObject({
    definition: z.string().min(1).max(1_048_576),
    input: z.string().optional(),
    roleArn: arn.optional(),
    variables: z.string().optional(),
    context: z.string().optional(),
    inspectionLevel: z.enum(['INFO', 'DEBUG', 'TRACE']).optional(),
    mock: z
      .strictObject({
        result: z.string().optional(),
        errorOutput: z.strictObject({ error, cause }).optional(),
      })
      .optional(),
  }),
};

type Operation = keyof typeof INPUTS;
type Input<O extends Operation> = z.infer<(typeof INPUTS)[O]>;

/**
 * Step Functions' wire API over the engine
 * (https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html).
 */
export function createStepFunctionsService(engine: Engine): AwsService {
  const operations: { [O in Operation]: (input: Input<O>) => Promise<object> } = {
    async CreateStateMachine(input) {
      const record = engine.stateMachines.create(input);
      return { stateMachineArn: record.arn, creationDate: epochSeconds(record.createdAt) };
    },
    async UpdateStateMachine(input) {
      const { updatedAt, revisionId } = engine.stateMachines.update(input);
      return { updateDate: epochSeconds(updatedAt), revisionId };
    },
    async DescribeStateMachine({ stateMachineArn }) {
      return stateMachineDetails(engine.stateMachines.describe(stateMachineArn));
    },
    async ListStateMachines(input) {
      const { items, ...rest } = engine.stateMachines.list(input);
      return { stateMachines: items.map(stateMachineSummary), ...rest };
    },
    async StartExecution(input) {
      const { executionArn, startDate } = engine.startExecution(input);
      return { executionArn, startDate: epochSeconds(startDate) };
    },
    async DescribeExecution({ executionArn }) {
      return executionDetails(engine.describeExecution(executionArn));
    },
    async GetExecutionHistory(input) {
      const { items, ...rest } = engine.getExecutionHistory(input);
      const events = items.map((event) => ({ ...event, timestamp: epochSeconds(event.timestamp) }));
      return { events, ...rest };
    },
    async ListExecutions(input) {
      const { items, ...rest } = engine.listExecutions(input);
      return { executions: items.map(executionSummary), ...rest };
    },
    async StopExecution({ executionArn, ...failure }) {
      const { stopDate } = await engine.stopExecution({ executionArn, ...withoutUndefined(failure) });
      return { stopDate: epochSeconds(stopDate) };
    },
    async SendTaskSuccess(input) {
      await engine.sendTaskSuccess(input);
      return {};
    },
    async SendTaskFailure(input) {
      await engine.sendTaskFailure(input);
      return {};
    },
    async SendTaskHeartbeat(input) {
      await engine.sendTaskHeartbeat(input);
      return {};
    },
    async TestState({ inspectionLevel = 'INFO', ...test }) {
      const tested = await engine.testState(test);
      return inspectionLevel === 'INFO'
        ? tested
        : { ...tested, inspectionData: { input: test.input ?? '{}' } };
    },
  };
  const checked = Object.entries(operations).map(([operation, run]) => [
    operation,
    async (input: JsonObject) =>
      (await run(checkedInput(operation as Operation, input) as never)) as JsonObject,
  ]);
  return {
    signingName: 'states',
    targetPrefix: 'AWSStepFunctions',
    contentType: 'application/x-amz-json-1.0',
    operations: Object.fromEntries(checked),
    accesses,
  };
}

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html */
function accesses(operation: string, input: JsonObject): Access[] {
  const { taskToken, executionArn, stateMachineArn } = input;
  const access = (resource: string): Access[] => [{ action: `states:${operation}`, resource, context: {} }];
  if (taskToken === undefined) return access(String(executionArn ?? stateMachineArn ?? '*'));
  // AWS judges an answer by the state machine that the token is of.
  const token = readToken(String(taskToken));
  return token === undefined ? [] : access(stateMachineArnOf(token.executionArn));
}

function checkedInput(operation: Operation, input: JsonObject): object {
  const result = INPUTS[operation].safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `Value at '${path.join('.')}' failed to satisfy constraint: ${message}`,
  );
  const count = `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected`;
  throw new AwsError('ValidationException', `${count}: ${problems.join('; ')}`);
}

function stateMachineDetails(record: StateMachineRecord): object {
  const { definition, roleArn, revisionId } = record;
  return withoutUndefined({
    ...stateMachineSummary(record),
    status: 'ACTIVE',
    definition,
    roleArn,
    revisionId,
    loggingConfiguration: { level: 'OFF', includeExecutionData: false },
    tracingConfiguration: { enabled: false },
  });
}

function stateMachineSummary({ arn: stateMachineArn, name, createdAt }: StateMachineRecord): object {
  return { stateMachineArn, name, type: 'STANDARD', creationDate: epochSeconds(createdAt) };
}

function executionDetails(execution: Execution): object {
  const { input, output, error, cause } = execution;
  return withoutUndefined({
    ...executionSummary(execution),
    input,
    inputDetails: { included: true },
    output,
    outputDetails: output === undefined ? undefined : { included: true },
    error,
    cause,
  });
}

function executionSummary({ arn, name, stateMachineArn, status, startedAt, stoppedAt }: Execution): object {
  return withoutUndefined({
    executionArn: arn,
    stateMachineArn,
    name,
    status,
    startDate: epochSeconds(startedAt),
    stopDate: stoppedAt === undefined ? undefined : epochSeconds(stoppedAt),
    redriveCount: 0,
  });
}

/** As AWS JSON writes a timestamp (https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html). */
function epochSeconds(epochMilliseconds: number): number {
  return epochMilliseconds / 1000;
}

function withoutUndefined(members: Record<string, Json | undefined>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}
