import { describe, expect, it } from 'vitest';
import { createWorkbench, outline } from './workbench.ts';

const pass = (more: object) => ({ Type: 'Pass', ...more });
const fail = (more: object = {}) => ({ Type: 'Fail', Error: 'Broken', Cause: 'On purpose', ...more });
const wait = (more: object) => ({ Type: 'Wait', Seconds: 60, ...more });
const branch = (name: string, state: object) => ({ StartAt: name, States: { [name]: state } });
const parallel = (branches: object[], more: object = { End: true }) => ({
  StartAt: 'Both',
  States: { Both: { Type: 'Parallel', Branches: branches, ...more } },
});

describe('a Parallel', () => {
  it('gives the outputs in the order of its branches, whichever ends first', async () => {
    const workbench = createWorkbench();
    const arn = await workbench.start(
      parallel([
        branch('Slow', wait({ Output: 'slow', End: true })),
        branch('Fast', pass({ Output: '{% $states.input.n + 1 %}', End: true })),
      ]),
      { n: 1 },
    );
    expect(workbench.execution(arn).status).toBe('RUNNING');
    await workbench.pass(60_000);
    const execution = workbench.execution(arn);
    expect(execution.output).toBe('["slow",2]');
    expect(outline(execution)).toEqual([
      '1<0: ExecutionStarted',
      '2<0: ParallelStateEntered Both',
      '3<2: ParallelStateStarted',
      '4<3: WaitStateEntered Slow',
      '5<3: PassStateEntered Fast',
      '6<5: PassStateExited Fast',
      '7<4: WaitStateExited Slow',
      '8<7: ParallelStateSucceeded',
      '9<7: ParallelStateExited Both',
      '10<9: ExecutionSucceeded',
    ]);
  });

  it('gives each branch the result of its Arguments', async () => {
    const { run } = createWorkbench();
    const branches = [branch('A', pass({ End: true })), branch('B', pass({ End: true }))];
    const { output } = await run(
      parallel(branches, {
        Arguments: { n: '{% $states.input.n * 10 %}' },
        Output: '{% $states.result.n %}',
        End: true,
      }),
      { n: 7 },
    );
    expect(output).toBe('[70,70]');
  });

  it('fails with the first branch that does, and ends the others', async () => {
    const workbench = createWorkbench();
    const { status, error, cause, ...execution } = await workbench.run(
      parallel([
        branch('Waits', wait({ End: true })),
        branch('Fails', fail()),
        branch('Never', pass({ End: true })),
      ]),
    );
    expect([status, error, cause]).toEqual(['FAILED', 'Broken', 'On purpose']);
    expect(outline({ status, ...execution })).toEqual([
      '1<0: ExecutionStarted',
      '2<0: ParallelStateEntered Both',
      '3<2: ParallelStateStarted',
      '4<3: WaitStateEntered Waits',
      '5<3: FailStateEntered Fails',
      '6<5: WaitStateAborted',
      '7<5: ParallelStateFailed',
      '8<7: ExecutionFailed',
    ]);
    await workbench.pass(60_000);
    expect(execution.history).toHaveLength(8);
  });

  it('ignores the answer of a function in a branch that was ended', async () => {
    let answer: () => void = () => {};
    const workbench = createWorkbench({
      functions: () =>
        new Promise((resolve) => {
          answer = () => resolve({ ok: true, payload: null });
        }),
    });
    const task = { Type: 'Task', Resource: 'arn:aws:lambda:us-east-1:111111111111:function:slow', End: true };
    const States = { Waits: wait({ Next: 'Fails' }), Fails: fail() };
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

  it('is caught as one state, with the failure that a branch had', async () => {
    const { run } = createWorkbench();
    const machine = parallel([branch('Fails', fail())], {
      Catch: [{ ErrorEquals: ['Broken'], Output: '{% $states.errorOutput %}', Next: 'Caught' }],
      End: true,
    });
    const execution = await run({
      ...machine,
      States: { ...machine.States, Caught: pass({ End: true }) },
    });
    expect(execution.output).toBe('{"Error":"Broken","Cause":"On purpose"}');
    expect(outline(execution).slice(3, 7)).toEqual([
      '4<3: FailStateEntered Fails',
      '5<4: ParallelStateFailed',
      '6<5: ParallelStateExited Both',
      '7<6: PassStateEntered Caught',
    ]);
  });

  it('is retried as one state', async () => {
    const workbench = createWorkbench();
    const Retry = [{ ErrorEquals: ['Broken'], MaxAttempts: 1 }];
    const arn = await workbench.start(parallel([branch('Fails', fail())], { Retry, End: true }));
    await workbench.pass(1000);
    expect(outline(workbench.execution(arn)).slice(3)).toEqual([
      '4<3: FailStateEntered Fails',
      '5<4: ParallelStateStarted',
      '6<5: FailStateEntered Fails',
      '7<6: ParallelStateFailed',
      '8<7: ExecutionFailed',
    ]);
  });

  it('is ended with what is nested in it', async () => {
    const { run } = createWorkbench();
    const inner = { Type: 'Parallel', Branches: [branch('Waits', wait({ End: true }))], End: true };
    const execution = await run(parallel([branch('Inner', inner), branch('Fails', fail())]));
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
