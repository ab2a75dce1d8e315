import { describe, expect, it } from 'vitest';
import type { FunctionAnswer } from '../../../local/asl/integrations.ts';
import type { Json } from '../../../local/asl/json.ts';
import { createWorkbench, outline } from './workbench.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';
const task = (more: object = {}) => ({ Type: 'Task', Resource: FUNCTION, End: true, ...more });
const map = (state: object, more: object = {}) => ({
  StartAt: 'Each',
  States: {
    Each: { Type: 'Map', ItemProcessor: { StartAt: 'One', States: { One: state } }, End: true, ...more },
    ...('Catch' in more ? { Caught: { Type: 'Pass', End: true } } : {}),
  },
});

/** Functions that answer when told to, by payload. */
function heldFunctions() {
  const held = new Map<Json, (answer: FunctionAnswer) => void>();
  return {
    held,
    functions: ({ payload }: { payload: Json }) =>
      new Promise<FunctionAnswer>((resolve) => {
        held.set(payload, resolve);
      }),
  };
}

describe('a Map', () => {
  it('starts no more iterations at once than MaxConcurrency, and keeps the order of the items', async () => {
    const { held, functions } = heldFunctions();
    const workbench = createWorkbench({ functions });
    const arn = await workbench.start(map(task(), { MaxConcurrency: 2 }), ['a', 'b', 'c']);
    expect([...held.keys()]).toEqual(['a', 'b']);
    held.get('b')?.({ ok: true, payload: 'B' });
    await workbench.engine.settled();
    expect([...held.keys()]).toEqual(['a', 'b', 'c']);
    held.get('c')?.({ ok: true, payload: 'C' });
    await workbench.engine.settled();
    held.get('a')?.({ ok: true, payload: 'A' });
    await workbench.engine.settled();
    const execution = workbench.execution(arn);
    expect(execution.output).toBe('["A","B","C"]');
    expect(outline(execution).slice(2)).toEqual([
      '3<2: MapStateStarted',
      '4<3: MapIterationStarted Each 0',
      '5<3: MapIterationStarted Each 1',
      '6<4: TaskStateEntered One',
      '7<6: LambdaFunctionScheduled',
      '8<5: TaskStateEntered One',
      '9<8: LambdaFunctionScheduled',
      '10<7: LambdaFunctionStarted',
      '11<9: LambdaFunctionStarted',
      '12<11: LambdaFunctionSucceeded',
      '13<12: TaskStateExited One',
      '14<13: MapIterationSucceeded Each 1',
      '15<13: MapIterationStarted Each 2',
      '16<15: TaskStateEntered One',
      '17<16: LambdaFunctionScheduled',
      '18<17: LambdaFunctionStarted',
      '19<18: LambdaFunctionSucceeded',
      '20<19: TaskStateExited One',
      '21<20: MapIterationSucceeded Each 2',
      '22<10: LambdaFunctionSucceeded',
      '23<22: TaskStateExited One',
      '24<23: MapIterationSucceeded Each 0',
      '25<24: MapStateSucceeded',
      '26<24: MapStateExited Each',
      '27<26: ExecutionSucceeded',
    ]);
  });

  it('runs at most forty iterations at once where it names no limit', async () => {
    const { held, functions } = heldFunctions();
    const workbench = createWorkbench({ functions });
    const items = Array.from({ length: 50 }, (_, index) => index);
    await workbench.start(map(task()), items);
    expect(held.size).toBe(40);
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

  it('is caught, and is retried without a failure of its own between, as AWS recorded it', async () => {
    const workbench = createWorkbench();
    const fails = { Type: 'Fail', Error: 'Broken', Cause: 'On purpose' };
    const arn = await workbench.start(
      map(fails, {
        Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 1 }],
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
      }),
      [1],
    );
    await workbench.pass(1000);
    expect(outline(workbench.execution(arn)).slice(2)).toEqual([
      '3<2: MapStateStarted',
      '4<3: MapIterationStarted Each 0',
      '5<4: FailStateEntered One',
      '6<5: MapIterationFailed Each 0',
      '7<5: MapStateStarted',
      '8<7: MapIterationStarted Each 0',
      '9<8: FailStateEntered One',
      '10<9: MapIterationFailed Each 0',
      '11<9: MapStateFailed',
      '12<11: MapStateExited Each',
      '13<12: PassStateEntered Caught',
      '14<13: PassStateExited Caught',
      '15<14: ExecutionSucceeded',
    ]);
  });

  it('takes tolerances for failures, to no effect as it is inline', async () => {
    const { run } = createWorkbench();
    const fails = { Type: 'Fail', Error: 'Broken' };
    expect(await run(map(fails, { ToleratedFailurePercentage: 100 }), [1])).toMatchObject({
      error: 'Broken',
    });
    expect(await run(map(fails, { ToleratedFailureCount: '{% "one" %}' }), [1])).toMatchObject({
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining("Expected 'integer', but was 'string' for value: \"one\""),
    });
  });

  it("gives each iteration its ItemSelector's result, and the item through the context", async () => {
    const { run } = createWorkbench();
    const { output } = await run(
      map(
        { Type: 'Pass', Output: '{% [$states.input.of, $states.context.Map.Item] %}', End: true },
        {
          Items: '{% $states.input.items %}',
          ItemSelector: {
            of: '{% $states.input.name & $string($states.context.Map.Item.Index) & $states.context.Map.Item.Value %}',
          },
        },
      ),
      { name: 'x', items: ['a', 'b'] },
    );
    expect(JSON.parse(output ?? '')).toEqual([
      ['x0a', { Index: 0, Value: 'a' }],
      ['x1b', { Index: 1, Value: 'b' }],
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

  it('nests', async () => {
    const { run } = createWorkbench();
    const inner = {
      Type: 'Map',
      ItemProcessor: {
        StartAt: 'Two',
        States: { Two: { Type: 'Pass', Output: '{% $states.input * 2 %}', End: true } },
      },
      End: true,
    };
    expect((await run(map(inner), [[1, 2], [3], []])).output).toBe('[[2,4],[6],[]]');
  });
});
