import { expect, it } from 'vitest';
import { createWorkbench, START } from './workbench.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';
const states = (States: Record<string, object>) => ({ StartAt: Object.keys(States)[0], States });

it('passes an eight-hour wait in no time', async () => {
  const workbench = createWorkbench();
  const arn = await workbench.start(states({ Hold: { Type: 'Wait', Seconds: '{% 8 * 3600 %}', End: true } }));
  await workbench.pass(8 * 3_600_000 - 1);
  expect(workbench.execution(arn).status).toBe('RUNNING');
  await workbench.pass(1);
  expect(workbench.execution(arn)).toMatchObject({
    status: 'SUCCEEDED',
    startedAt: START,
    stoppedAt: START + 8 * 3_600_000,
  });
});

it('stops a running execution at once, and leaves an ended one as it is', async () => {
  const workbench = createWorkbench();
  const arn = await workbench.start(states({ Hold: { Type: 'Wait', Seconds: 100, End: true } }));
  await workbench.pass(5000);
  const stopped = await workbench.engine.stopExecution({ executionArn: arn, error: 'E', cause: 'C' });
  expect(stopped.stopDate).toBe(START + 5000);
  await workbench.pass(5000);
  expect(await workbench.engine.stopExecution({ executionArn: arn })).toEqual(stopped);
  expect(workbench.execution(arn).history).toHaveLength(3);
});

it('lets an execution succeed in the last event that its history has room for', async () => {
  const { run } = createWorkbench();
  const { status, history } = await run(
    states({
      Init: { Type: 'Pass', Assign: { i: 0 }, Next: 'Count' },
      Count: { Type: 'Pass', Assign: { i: '{% $i + 1 %}' }, Next: 'Again' },
      Again: { Type: 'Choice', Choices: [{ Condition: '{% $i < 6248 %}', Next: 'Count' }], Default: 'Last' },
      Last: { Type: 'Pass', Next: 'Done' },
      Done: { Type: 'Succeed' },
    }),
  );
  expect([status, history.length]).toEqual(['SUCCEEDED', 25_000]);
});

it('tells expressions about the execution', async () => {
  const { run } = createWorkbench();
  const { output, arn, name, stateMachineArn } = await run(
    states({ A: { Type: 'Succeed', Output: '{% $states.context %}' } }),
    { n: 1 },
  );
  expect(JSON.parse(output ?? '')).toEqual({
    Execution: {
      Id: arn,
      Input: { n: 1 },
      Name: name,
      RoleArn: 'arn:aws:iam::111111111111:role/workflow',
      StartTime: '2026-01-01T00:00:00.000Z',
      RedriveCount: 0,
    },
    State: { EnteredTime: '2026-01-01T00:00:00.000Z', Name: 'A', RetryCount: 0 },
    StateMachine: { Id: stateMachineArn, Name: 'machine-1' },
  });
});

it('keeps an execution that waits as plain JSON', async () => {
  const workbench = createWorkbench({ functions: () => new Promise(() => {}) });
  const inner = (name: string, state: object) => ({ StartAt: name, States: { [name]: state } });
  const arn = await workbench.start(
    states({
      Both: {
        Type: 'Parallel',
        Branches: [
          inner('Call', { Type: 'Task', Resource: FUNCTION, TimeoutSeconds: 60, End: true }),
          inner('Each', {
            Type: 'Map',
            Items: [1, 2, 3],
            MaxConcurrency: 2,
            ItemProcessor: inner('Hold', { Type: 'Wait', Seconds: 60, End: true }),
            End: true,
          }),
        ],
        End: true,
      },
    }),
  );
  const execution = workbench.execution(arn);
  expect(JSON.parse(JSON.stringify(execution))).toEqual(execution);
  expect(Object.values(execution.frames).map(({ active }) => active?.waiting?.for)).toEqual([
    'children',
    'task',
    'children',
    'time',
    'time',
  ]);
});

it('runs an execution to its end by the definition that it was started with', async () => {
  const workbench = createWorkbench();
  const definition = (n: number) =>
    JSON.stringify({
      QueryLanguage: 'JSONata',
      ...states({ Hold: { Type: 'Wait', Seconds: 60, Output: n, End: true } }),
    });
  const { arn } = workbench.create(definition(1));
  const { executionArn } = workbench.engine.startExecution({ stateMachineArn: arn });
  workbench.engine.stateMachines.update({ stateMachineArn: arn, definition: definition(2) });
  await workbench.engine.settled();
  await workbench.pass(60_000);
  expect(workbench.execution(executionArn).output).toBe('1');
});
