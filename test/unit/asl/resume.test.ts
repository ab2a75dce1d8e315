import { describe, expect, it } from 'vitest';
import type { ExecutionStore } from '../../../local/asl/execution-store.ts';
import type { FunctionAnswer, FunctionRequest } from '../../../local/asl/integrations.ts';
import type { Json } from '../../../local/asl/json.ts';
import { handovers } from './handovers.ts';
import { createWorkbench } from './workbench.ts';

const inner = (name: string, state: object) => ({ StartAt: name, States: { [name]: state } });

/** Waits in every way there is: for a call, a token, time, a retry and children. */
const MACHINE = inner('All', {
  Type: 'Parallel',
  Branches: [
    inner('Call', {
      Type: 'Task',
      Resource: 'arn:aws:lambda:us-east-1:111111111111:function:slow',
      Output: '{% [$states.result, $states.context.State.RetryCount] %}',
      End: true,
    }),
    inner('Approve', {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Arguments: { FunctionName: 'ask', Payload: { token: '{% $states.context.Task.Token %}' } },
      HeartbeatSeconds: 3600,
      End: true,
    }),
    inner('Flaky', {
      Type: 'Task',
      Resource: 'arn:aws:lambda:us-east-1:111111111111:function:flaky',
      Retry: [{ ErrorEquals: ['E'], IntervalSeconds: 30, MaxAttempts: 1 }],
      Output: '{% $states.context.State.RetryCount %}',
      End: true,
    }),
    inner('Each', {
      Type: 'Map',
      Items: ['a', 'b', 'c'],
      MaxConcurrency: 2,
      ItemProcessor: inner('Hold', {
        Type: 'Wait',
        Seconds: 60,
        Output: '{% $states.context.Map.Item %}',
        End: true,
      }),
      End: true,
    }),
  ],
  End: true,
});

const OUTPUT = [['slow it was', 0], 'granted', 1, ['a', 'b', 'c'].map((Value, Index) => ({ Index, Value }))];

/** One process: an engine and its functions, over the executions that the one before left. */
function createProcess(executions: ExecutionStore, answersSlowly: boolean) {
  const isFirst = executions.running().length === 0;
  const called: Json[] = [];
  const functions = async ({ functionArn, payload }: FunctionRequest): Promise<FunctionAnswer> => {
    const name = functionArn.split(':').at(-1) ?? '';
    called.push(name);
    if (name === 'ask') return { ok: true, payload };
    if (name === 'flaky' && called.filter((other) => other === name).length === 1 && isFirst)
      return { ok: false, error: 'E', cause: 'once' };
    if (name === 'slow' && !answersSlowly) return new Promise(() => {});
    return { ok: true, payload: `${name} it was` };
  };
  return { called, workbench: createWorkbench({ functions, executions }) };
}

describe.each(handovers)('an execution that another engine takes up, kept $kept', ({ handOver }) => {
  it('goes on from what was kept of it', async () => {
    const next = handOver();
    const first = createProcess(next(), false);
    const arn = await first.workbench.start(MACHINE);
    expect(first.called.toSorted()).toEqual(['ask', 'flaky', 'slow']);

    const { workbench, called } = createProcess(next(first.workbench.execution(arn)), true);
    await workbench.engine.settled();
    expect(called).toEqual(['slow']);
    const approval = workbench.execution(arn).frames[2]?.active?.waiting;
    const taskToken = approval?.for === 'task' ? (approval.token ?? '') : '';
    await workbench.engine.sendTaskSuccess({ taskToken, output: '"granted"' });
    await workbench.pass(120_000, 30_000);
    const execution = workbench.execution(arn);
    expect(execution.status).toBe('SUCCEEDED');
    expect(JSON.parse(execution.output ?? '')).toEqual(OUTPUT);
    expect(execution.history.map(({ id }) => id)).toEqual(execution.history.map((_, index) => index + 1));
  });

  it('has missed no deadline that passed meanwhile', async () => {
    const next = handOver();
    const first = createProcess(next(), true);
    const arn = await first.workbench.start(MACHINE);
    const { workbench } = createProcess(next(first.workbench.execution(arn)), true);
    workbench.clock.leap(3600 * 1000);
    await workbench.engine.settled();
    expect(workbench.execution(arn)).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  });
});
