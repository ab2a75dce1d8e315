import { describe, expect, it } from 'vitest';
import { createWorkbench, detailsOf, outline, START } from './workbench.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';
const states = (States: Record<string, object>, more: object = {}) => ({
  StartAt: Object.keys(States)[0],
  States,
  ...more,
});

describe('time', () => {
  it('passes an eight-hour wait in no time', async () => {
    const workbench = createWorkbench();
    const arn = await workbench.start(
      states({ Hold: { Type: 'Wait', Seconds: '{% 8 * 3600 %}', End: true } }),
    );
    await workbench.pass(8 * 3_600_000 - 1);
    expect(workbench.execution(arn).status).toBe('RUNNING');
    await workbench.pass(1);
    expect(workbench.execution(arn)).toMatchObject({
      status: 'SUCCEEDED',
      startedAt: START,
      stoppedAt: START + 8 * 3_600_000,
    });
  });

  it('is waited for until a timestamp with an offset', async () => {
    const workbench = createWorkbench();
    const arn = await workbench.start(
      states({ Hold: { Type: 'Wait', Timestamp: '2026-01-01T02:00:30+01:00', End: true } }),
    );
    await workbench.pass(3_629_999, 3_629_999);
    expect(workbench.execution(arn).status).toBe('RUNNING');
    await workbench.pass(1);
    expect(workbench.execution(arn).status).toBe('SUCCEEDED');
  });

  it('ends an execution that takes longer than its TimeoutSeconds', async () => {
    const workbench = createWorkbench();
    const arn = await workbench.start(
      states({ Hold: { Type: 'Wait', Seconds: 100, End: true } }, { TimeoutSeconds: 60 }),
    );
    await workbench.pass(60_000);
    const execution = workbench.execution(arn);
    expect(execution.status).toBe('TIMED_OUT');
    expect(outline(execution).slice(2)).toEqual(['3<0: ExecutionTimedOut']);
    await workbench.pass(60_000);
    expect(execution.history).toHaveLength(3);
  });
});

describe('stopping', () => {
  it('ends a running execution at once, and leaves an ended one as it is', async () => {
    const workbench = createWorkbench();
    const arn = await workbench.start(states({ Hold: { Type: 'Wait', Seconds: 100, End: true } }));
    await workbench.pass(5000);
    const stopped = await workbench.engine.stopExecution({ executionArn: arn, error: 'E', cause: 'C' });
    expect(stopped.stopDate).toBe(START + 5000);
    expect(workbench.execution(arn)).toMatchObject({ status: 'ABORTED', error: 'E', cause: 'C' });
    expect(outline(workbench.execution(arn)).slice(2)).toEqual(['3<0: ExecutionAborted']);
    await workbench.pass(5000);
    expect(await workbench.engine.stopExecution({ executionArn: arn })).toEqual(stopped);
    expect(workbench.execution(arn).history).toHaveLength(3);
  });
});

describe('limits', () => {
  const large = 'x'.repeat(262_144);

  it('refuse an input of more than 256 KiB', async () => {
    const { start } = createWorkbench();
    await expect(start(states({ A: { Type: 'Succeed' } }), large)).rejects.toMatchObject({
      code: 'ValidationException',
    });
  });

  it('count bytes, not characters', async () => {
    const { run } = createWorkbench({ functions: async () => ({ ok: true, payload: 'é'.repeat(131_072) }) });
    const execution = await run(states({ A: { Type: 'Task', Resource: FUNCTION, End: true } }));
    const cause = `The state/task '${FUNCTION}' returned a result with a size exceeding the maximum number of bytes service limit.`;
    expect(execution).toMatchObject({ error: 'States.DataLimitExceeded', cause });
    expect(detailsOf(execution, 'LambdaFunctionFailed')).toEqual({
      error: 'States.DataLimitExceeded',
      cause,
    });
  });

  it('hold for what a state makes of its input, and for a variable', async () => {
    const { run } = createWorkbench();
    const twice = '{% $states.input & $states.input %}';
    const input = 'x'.repeat(200_000);
    for (const state of [{ Output: twice }, { Assign: { v: twice } }]) {
      expect(await run(states({ A: { Type: 'Pass', End: true, ...state } }), input)).toMatchObject({
        status: 'FAILED',
        error: 'States.DataLimitExceeded',
      });
    }
  });

  const loop = (rounds: number) =>
    states({
      Init: { Type: 'Pass', Assign: { i: 0 }, Next: 'Count' },
      Count: { Type: 'Pass', Assign: { i: '{% $i + 1 %}' }, Next: 'Again' },
      Again: {
        Type: 'Choice',
        Choices: [{ Condition: `{% $i < ${rounds} %}`, Next: 'Count' }],
        Default: 'Done',
      },
      Done: { Type: 'Succeed' },
    });

  it('fail an execution whose history would hold more than 25,000 events', async () => {
    const { run } = createWorkbench();
    const execution = await run(loop(7000));
    expect(execution).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause: 'The execution reached the maximum number of history events (25000).',
    });
    expect(execution.history).toHaveLength(25_000);
    expect(execution.history.at(-1)).toMatchObject({
      id: 25_000,
      previousEventId: 24_999,
      type: 'ExecutionFailed',
    });
  });

  it('let an execution succeed in its last event', async () => {
    const { run } = createWorkbench();
    const { status, history } = await run(loop(6248));
    expect([status, history.length]).toEqual(['SUCCEEDED', 24_998]);
  });
});

describe('variables', () => {
  it('are set together, after what assigns them has been evaluated', async () => {
    const { run } = createWorkbench();
    const { output } = await run(
      states({
        Init: { Type: 'Pass', Assign: { a: 1, b: 2 }, Next: 'Swap' },
        Swap: {
          Type: 'Pass',
          Assign: { a: '{% $b %}', b: '{% $a %}' },
          Output: '{% [$a, $b] %}',
          Next: 'Tell',
        },
        Tell: { Type: 'Pass', Output: { before: '{% $states.input %}', after: '{% [$a, $b] %}' }, End: true },
      }),
    );
    expect(output).toBe('{"before":[1,2],"after":[2,1]}');
  });

  it('are seen by inner scopes, and those of inner scopes by none but themselves', async () => {
    const { run } = createWorkbench();
    const { output } = await run(
      states({
        Init: { Type: 'Pass', Assign: { outer: 'o' }, Next: 'Each' },
        Each: {
          Type: 'Map',
          Items: ['x', 'y'],
          ItemProcessor: {
            StartAt: 'Note',
            States: {
              Note: { Type: 'Pass', Assign: { inner: '{% $outer & $states.input %}' }, Next: 'Show' },
              Show: { Type: 'Pass', Output: '{% $inner %}', End: true },
            },
          },
          Assign: { results: '{% $states.result %}' },
          Next: 'Tell',
        },
        Tell: {
          Type: 'Pass',
          Output: { results: '{% $results %}', inner: '{% $exists($inner) %}' },
          End: true,
        },
      }),
    );
    expect(output).toBe('{"results":["ox","oy"],"inner":false}');
  });
});

describe('a Choice', () => {
  const choose = (more: object = {}) =>
    states({
      Which: {
        Type: 'Choice',
        Choices: [
          { Condition: '{% $states.input > 10 %}', Output: 'large', Assign: { by: 'rule' }, Next: 'Tell' },
          { Condition: '{% $states.input > 5 %}', Next: 'Tell' },
        ],
        ...more,
      },
      Tell: { Type: 'Pass', Output: '{% [$states.input, $exists($by) ? $by : "none"] %}', End: true },
    });

  it('takes the first rule that is true, with what that rule makes of it', async () => {
    const { run } = createWorkbench();
    const fallback = { Default: 'Tell', Output: 'small', Assign: { by: 'default' } };
    expect((await run(choose(fallback), 11)).output).toBe('["large","rule"]');
    expect((await run(choose(fallback), 6)).output).toBe('[6,"none"]');
    expect((await run(choose(fallback), 1)).output).toBe('["small","default"]');
  });

  it('fails where no rule is true and it has no Default', async () => {
    const { run } = createWorkbench();
    expect(await run(choose(), 1)).toMatchObject({
      error: 'States.Runtime',
      cause:
        "An error occurred while executing the state 'Which' (entered at the event id #2). Failed to transition out of the state. The state does not point to a next state.",
    });
  });

  it('fails where a rule is neither true nor false', async () => {
    const { run } = createWorkbench();
    const which = { Type: 'Choice', Choices: [{ Condition: '{% 1 %}', Next: 'Tell' }] };
    const execution = await run(states({ Which: which, Tell: { Type: 'Succeed' } }));
    expect(execution.cause).toContain(
      "The JSONata expression '1' specified for the field 'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean', but was 'number' for value: 1",
    );
  });
});

it('gives a Fail state the error and cause that its expressions make', async () => {
  const { run } = createWorkbench();
  const fail = {
    Type: 'Fail',
    Error: '{% "E" & $states.input %}',
    Cause: '{% $states.context.State.Name %}',
  };
  expect(await run(states({ Stop: fail }), 1)).toMatchObject({
    status: 'FAILED',
    error: 'E1',
    cause: 'Stop',
  });
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
