import { copyFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type DurableExecutionStore, openExecutionStore } from '../../../local/asl/execution-store.sqlite.ts';
import type { FunctionAnswer } from '../../../local/asl/integrations.ts';
import { temporaryDirectory } from './handovers.ts';
import { createWorkbench } from './workbench.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';
const ask = {
  StartAt: 'Ask',
  States: {
    Ask: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Arguments: { FunctionName: 'ask', Payload: { token: '{% $states.context.Task.Token %}' } },
      Next: 'Hold',
    },
    Hold: { Type: 'Wait', Seconds: 60, End: true },
  },
};

let directory: string;
let path: string;
beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory, 'executions.sqlite');
});

function open(at = path): DurableExecutionStore {
  const store = openExecutionStore(at);
  onTestFinished(() => store.close());
  return store;
}

/** What a process that is killed at this moment leaves: the files as they are, closed by nobody. */
function killed(): DurableExecutionStore {
  const copy = join(directory, `killed-${Math.random()}`);
  for (const suffix of ['', '-wal']) copyFileSync(path + suffix, copy + suffix);
  return open(copy);
}

describe('executions in a file', () => {
  it('are there once StartExecution has answered, in the very same turn', () => {
    const { engine, create } = createWorkbench({ executions: open() });
    const { arn } = create({ QueryLanguage: 'JSONata', ...ask });
    const { executionArn } = engine.startExecution({ stateMachineArn: arn, input: '{"a":1}' });
    expect(killed().running()).toMatchObject([{ arn: executionArn, input: '{"a":1}', history: [{ id: 1 }] }]);
  });

  it('have gone on once SendTaskSuccess has answered', async () => {
    const workbench = createWorkbench({ executions: open() });
    const arn = await workbench.start(ask);
    const waiting = workbench.execution(arn).frames[0]?.active?.waiting;
    const taskToken = waiting?.for === 'task' ? (waiting.token ?? '') : '';
    await workbench.engine.sendTaskSuccess({ taskToken, output: '"yes"' });
    const left = killed();
    expect(left.get(arn)).toEqual(workbench.execution(arn));
    expect(left.get(arn)?.frames[0]?.active).toMatchObject({ name: 'Hold', input: 'yes' });

    const next = createWorkbench({ executions: left });
    await expect(next.engine.sendTaskSuccess({ taskToken, output: '"yes"' })).rejects.toThrow('Timed Out');
    await next.pass(60_000);
    expect(next.execution(arn)).toMatchObject({ status: 'SUCCEEDED', output: '"yes"' });
  });

  it('stay readable when they have ended, the latest start first', async () => {
    const store = open();
    const workbench = createWorkbench({ executions: store });
    const { arn } = workbench.create({
      QueryLanguage: 'JSONata',
      StartAt: 'P',
      States: { P: { Type: 'Pass', End: true } },
    });
    for (const name of ['one', 'two']) workbench.engine.startExecution({ stateMachineArn: arn, name });
    await workbench.pass(1000);
    workbench.engine.startExecution({ stateMachineArn: arn, name: 'three' });
    await workbench.engine.settled();

    expect(store.running()).toEqual([]);
    const listed = killed().list(arn);
    expect(listed.map(({ name, status }) => [name, status])).toEqual(
      ['three', 'two', 'one'].map((name) => [name, 'SUCCEEDED']),
    );
    expect(listed).toEqual(workbench.engine.listExecutions({ stateMachineArn: arn }).items);
    expect(listed[0]?.history.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'PassStateEntered',
      'PassStateExited',
      'ExecutionSucceeded',
    ]);
    const again = () => workbench.engine.startExecution({ stateMachineArn: arn, name: 'one' });
    expect(again).toThrow('Execution Already Exists');
  });

  it('go on with the definition that they were started with', async () => {
    const first = createWorkbench({ executions: open() });
    const hold = (Output: string) => ({
      QueryLanguage: 'JSONata',
      StartAt: 'Hold',
      States: { Hold: { Type: 'Wait', Seconds: 60, Output, End: true } },
    });
    const { arn } = first.create(hold('before'), 'held');
    const { executionArn } = first.engine.startExecution({ stateMachineArn: arn });
    await first.engine.settled();
    const next = createWorkbench({ executions: killed() });
    next.create(hold('after'), 'held');
    await next.pass(60_000);
    expect(next.execution(executionArn).output).toBe('"before"');
  });

  it('are not touched by an answer that comes after their end, or after the store’s', async () => {
    const answers: ((answer: FunctionAnswer) => void)[] = [];
    const store = open();
    const workbench = createWorkbench({
      executions: store,
      functions: () => new Promise((resolve) => answers.push(resolve)),
    });
    const call = { StartAt: 'Call', States: { Call: { Type: 'Task', Resource: FUNCTION, End: true } } };
    const stopped = await workbench.start(call);
    await workbench.engine.stopExecution({ executionArn: stopped });
    answers[0]?.({ ok: true, payload: 'too late' });
    await workbench.engine.settled();
    expect(workbench.execution(stopped)).toMatchObject({ status: 'ABORTED' });

    const left = await workbench.start(call);
    store.close();
    answers[1]?.({ ok: true, payload: 'too late' });
    await workbench.engine.settled();
    expect(open().running()).toMatchObject([{ arn: left, status: 'RUNNING' }]);
  });

  it('are written once, however long they become', async () => {
    const store = open();
    const workbench = createWorkbench({ executions: store });
    const arn = await workbench.start(
      {
        StartAt: 'Call',
        States: {
          Call: { Type: 'Task', Resource: FUNCTION, Output: '{% $states.input - 1 %}', Next: 'More' },
          More: {
            Type: 'Choice',
            Choices: [{ Condition: '{% $states.input > 0 %}', Next: 'Call' }],
            Default: 'Done',
          },
          Done: { Type: 'Succeed' },
        },
      },
      400,
    );
    await expect.poll(() => workbench.execution(arn).status).toBe('SUCCEEDED');
    const { history } = workbench.execution(arn);
    expect(history).toHaveLength(2804);
    store.close();
    expect(statSync(path).size).toBeLessThan(2 * JSON.stringify(history).length);
  });

  it('are one process’s', () => {
    open();
    expect(() => open()).toThrow('does another Sallyport run?');
  });
});
