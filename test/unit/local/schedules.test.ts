import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JsonObject } from '../../../local/aws/service.ts';
import { LeapingClock } from '../../../local/clock.ts';
import { type Runtime, startRuntime } from '../../../local/runtime.ts';
import { fixtureRoleArn, functionResource, writeAssembly } from './fixture-assembly.ts';

const MINUTE = 60_000;
const STARTED = Date.UTC(2026, 0, 1);

/** Says in its log when it was called, and with what. */
const bundles = {
  Called: `exports.handler = async (event) => { console.log(new Date().toISOString().slice(11, 16), JSON.stringify(event)); };`,
};

const OURS = 'arn:aws:scheduler:*:*:schedule-group/ours';

const scheduleRole = (permitted: string, groupArn: string): JsonObject => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { Service: 'scheduler.amazonaws.com' },
        Action: 'sts:AssumeRole',
        Condition: { ArnLike: { 'aws:SourceArn': groupArn } },
      },
    },
    Policies: [
      {
        PolicyName: 'Call',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Action: permitted, Resource: { 'Fn::GetAtt': ['Called', 'Arn'] } },
        },
      },
    ],
  },
});

const scheduled = (
  schedule: JsonObject = {},
  role: JsonObject = scheduleRole('lambda:InvokeFunction', OURS),
): JsonObject => ({
  Called: functionResource('Called'),
  Role: role,
  Group: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: 'ours' } },
  Schedule: {
    Type: 'AWS::Scheduler::Schedule',
    Properties: {
      GroupName: { Ref: 'Group' },
      ScheduleExpression: 'rate(5 minutes)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: { 'Fn::GetAtt': ['Called', 'Arn'] },
        RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Input: '{"a":1}',
      },
      ...schedule,
    },
  },
});

async function start(
  resources: JsonObject,
): Promise<{ runtime: Runtime; leap: (minutes: number) => Promise<string[]> }> {
  const clock = new LeapingClock({ frozenAt: STARTED });
  const assemblyDirectory = writeAssembly({ Stack: { template: { Resources: resources } } }, bundles);
  const runtime = await startRuntime({ assemblyDirectory, clock });
  onTestFinished(() => runtime.stop());
  return {
    runtime,
    leap: async (minutes) => {
      await runtime.settled();
      clock.leap(minutes * MINUTE);
      await runtime.settled();
      return runtime.functionLog('Called').trim().split('\n').filter(Boolean);
    },
  };
}

describe('a schedule', () => {
  it('calls its function at each interval, the first time when one has passed', async () => {
    const { leap } = await start(scheduled());
    expect(await leap(4)).toEqual([]);
    expect(await leap(1)).toEqual(['00:05 {"a":1}']);
    expect(await leap(4)).toHaveLength(1);
    expect(await leap(2)).toHaveLength(2);
  });

  it('calls once for all that a leap of the clock has passed, and keeps its beat', async () => {
    const { leap } = await start(scheduled());
    expect(await leap(62)).toEqual(['01:02 {"a":1}']);
    expect(await leap(2)).toHaveLength(1);
    expect(await leap(1)).toEqual(['01:02 {"a":1}', '01:05 {"a":1}']);
  });

  it('comes after what else fell due in the same leap', async () => {
    const wait: JsonObject = {
      QueryLanguage: 'JSONata',
      StartAt: 'Wait',
      States: {
        Wait: { Type: 'Wait', Seconds: 30 * 60, Next: 'Call' },
        Call: {
          Type: 'Task',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of CloudFormation
          Resource: '${CalledArn}',
          Arguments: { by: 'a workflow' },
          End: true,
        },
      },
    };
    const { runtime, leap } = await start({
      ...scheduled(),
      Workflow: {
        Type: 'AWS::StepFunctions::StateMachine',
        Properties: {
          RoleArn: fixtureRoleArn,
          DefinitionString: JSON.stringify(wait),
          DefinitionSubstitutions: { CalledArn: { 'Fn::GetAtt': ['Called', 'Arn'] } },
        },
      },
    });
    const stateMachineArn = runtime.resources.find(({ logicalId }) => logicalId === 'Workflow')?.ref;
    await new SFNClient({ ...runtime.client }).send(new StartExecutionCommand({ stateMachineArn }));
    expect(await leap(60)).toEqual(['01:00 {"by":"a workflow"}', '01:00 {"a":1}']);
  });

  it('calls nothing while it is disabled', async () => {
    const { leap } = await start(scheduled({ State: 'DISABLED' }));
    expect(await leap(60)).toEqual([]);
  });

  it('calls nothing that its role does not permit', async () => {
    const { leap } = await start(scheduled({}, scheduleRole('lambda:GetFunction', OURS)));
    const warnings: string[] = [];
    const hear = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', hear);
    onTestFinished(() => void process.off('warning', hear));
    expect(await leap(5)).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings.join()).toContain('is not authorized to perform: lambda:InvokeFunction');
  });

  it('is refused where its role does not trust its group', async () => {
    const role = scheduleRole('lambda:InvokeFunction', 'arn:aws:scheduler:*:*:schedule-group/others');
    await expect(start(scheduled({}, role))).rejects.toThrow('cannot be assumed by scheduler.amazonaws.com');
  });

  it.each([
    ['cron(0 12 * * ? *)', 'the local runtime knows rates alone'],
    ['at(2026-01-01T00:00:00)', 'the local runtime knows rates alone'],
    ['rate(5 minute)', 'the local runtime knows rates alone'],
    ['rate(1 minutes)', 'the local runtime knows rates alone'],
    ['rate(0 minutes)', 'the local runtime knows rates alone'],
    ['rate(5 fortnights)', 'the local runtime knows rates alone'],
  ])('%s is refused', async (ScheduleExpression, message) => {
    await expect(start(scheduled({ ScheduleExpression }))).rejects.toThrow(message);
  });

  it('is refused with a window, or for something else than a function', async () => {
    const window = { FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 } };
    await expect(start(scheduled(window))).rejects.toThrow('FlexibleTimeWindow');
    const queue = { Target: { Arn: 'arn:aws:sqs:us-east-1:000000000000:queue', RoleArn: 'a', Input: '{}' } };
    await expect(start(scheduled(queue))).rejects.toThrow('has schedules call functions only');
    const text = { Target: { Arn: { 'Fn::GetAtt': ['Called', 'Arn'] }, RoleArn: 'a', Input: '{' } };
    await expect(start(scheduled(text))).rejects.toThrow('is not JSON');
  });
});
