import { describe, expect, it } from 'vitest';
import { createWorkbench, outline } from './workbench.ts';

const fail = { Type: 'Fail', Error: 'Broken', Cause: 'On purpose' };
const wait = (more: object) => ({ Type: 'Wait', Seconds: 60, ...more });
const branch = (name: string, state: object) => ({ StartAt: name, States: { [name]: state } });
const parallel = (branches: object[]) => ({
  StartAt: 'Both',
  States: { Both: { Type: 'Parallel', Branches: branches, End: true } },
});

describe('a Parallel', () => {
  it('ignores the answer of a function in a branch that was ended', async () => {
    let answer: () => void = () => {};
    const workbench = createWorkbench({
      functions: () =>
        new Promise((resolve) => {
          answer = () => resolve({ ok: true, payload: null });
        }),
    });
    const task = { Type: 'Task', Resource: 'arn:aws:lambda:us-east-1:111111111111:function:slow', End: true };
    const States = { Waits: wait({ Next: 'Fails' }), Fails: fail };
    const arn = await workbench.start(parallel([branch('Asks', task), { StartAt: 'Waits', States }]));
    await workbench.pass(60_000);
    const { history } = workbench.execution(arn);
    const events = history.length;
    expect(outline(workbench.execution(arn)).slice(-3)).toEqual([
      '10<9: TaskStateAborted',
      '11<9: ParallelStateFailed',
      '12<11: ExecutionFailed',
    ]);
    answer();
    await workbench.engine.settled();
    expect(history).toHaveLength(events);
  });

  it('is ended with what is nested in it', async () => {
    const { run } = createWorkbench();
    const inner = { Type: 'Parallel', Branches: [branch('Waits', wait({ End: true }))], End: true };
    const execution = await run(parallel([branch('Inner', inner), branch('Fails', fail)]));
    // The inner branch starts after the failing one has been walked, and so never starts at all.
    expect(outline(execution).slice(3)).toEqual([
      '4<3: ParallelStateEntered Inner',
      '5<4: ParallelStateStarted',
      '6<3: FailStateEntered Fails',
      '7<6: ParallelStateAborted',
      '8<6: ParallelStateFailed',
      '9<8: ExecutionFailed',
    ]);
  });
});
