import { describe, expect, it } from 'vitest';
import { createWorkbench, outline } from './workbench.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';
const task = (more: object = {}) => ({ Type: 'Task', Resource: FUNCTION, End: true, ...more });
const map = (state: object, more: object = {}) => ({
  StartAt: 'Each',
  States: {
    Each: { Type: 'Map', ItemProcessor: { StartAt: 'One', States: { One: state } }, End: true, ...more },
  },
});

describe('a Map', () => {
  it('runs at most forty iterations at once', async () => {
    let calls = 0;
    const functions = () => {
      calls += 1;
      return new Promise<never>(() => {});
    };
    const items = Array.from({ length: 50 }, (_, index) => index);
    for (const more of [{}, { MaxConcurrency: 0 }, { MaxConcurrency: 41 }]) {
      calls = 0;
      await createWorkbench({ functions }).start(map(task(), more), items);
      expect(calls).toBe(40);
    }
  });

  it('fails with the first iteration that does, and ends the others, as AWS recorded it', async () => {
    const workbench = createWorkbench({ functions: () => new Promise(() => {}) });
    const arn = await workbench.start(map(task({ TimeoutSeconds: 5 })), [1, 2]);
    await workbench.pass(5000);
    const execution = workbench.execution(arn);
    expect([execution.status, execution.error, execution.cause]).toEqual([
      'FAILED',
      'States.Timeout',
      undefined,
    ]);
    expect(outline(execution).slice(11)).toEqual([
      '12<10: LambdaFunctionTimedOut',
      '13<11: LambdaFunctionTimedOut',
      '14<12: MapIterationFailed Each 0',
      '15<12: TaskStateAborted',
      '16<12: MapIterationAborted Each 1',
      '17<12: TaskStateAborted',
      '18<12: MapStateFailed',
      '19<18: ExecutionFailed',
    ]);
  });

  it('fails where an ItemSelector does', async () => {
    const { run } = createWorkbench();
    const execution = await run(
      map({ Type: 'Pass', End: true }, { ItemSelector: { v: '{% $states.input.none %}' } }),
      [1],
    );
    expect(execution.cause).toContain(
      "specified for the field 'ItemSelector/v' returned nothing (undefined).",
    );
    expect(outline(execution).slice(2)).toEqual([
      '3<2: MapStateStarted',
      '4<0: EvaluationFailed',
      '5<4: MapStateFailed',
      '6<5: ExecutionFailed',
    ]);
  });
});
