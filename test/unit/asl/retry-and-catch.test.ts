import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matches } from '../../../local/asl/failures.ts';
import { delayBeforeRetry } from '../../../local/asl/retry.ts';
import { createWorkbench, outline } from './workbench.ts';

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';
const machine = (state: object) => ({
  StartAt: 'Work',
  States: {
    Work: { Type: 'Task', Resource: FUNCTION, End: true, ...state },
    ...('Catch' in state ? { Caught: { Type: 'Pass', End: true } } : {}),
  },
});

/** Fails with each of the errors in turn, and then succeeds. Keeps the times of the calls. */
function failing(...errors: string[]) {
  const left = [...errors];
  const calledAt: number[] = [];
  const workbench = createWorkbench({
    functions: async ({ payload }) => {
      calledAt.push(workbench.clock.now());
      const error = left.shift();
      return error === undefined ? { ok: true, payload } : { ok: false, error, cause: `${error} it was` };
    },
  });
  const secondsBetween = () => calledAt.slice(1).map((at, index) => (at - (calledAt[index] ?? 0)) / 1000);
  return { workbench, secondsBetween, calls: calledAt };
}

describe('Retry', () => {
  it('waits an interval that grows by the backoff rate', async () => {
    const { workbench, secondsBetween } = failing('E', 'E', 'E');
    const Retry = [{ ErrorEquals: ['E'], IntervalSeconds: 2, BackoffRate: 3 }];
    const arn = await workbench.start(machine({ Retry }));
    await workbench.pass(60_000, 1000);
    expect(workbench.execution(arn).status).toBe('SUCCEEDED');
    expect(secondsBetween()).toEqual([2, 6, 18]);
  });

  it('has defaults: three attempts, after one, two and four seconds', async () => {
    const { workbench, secondsBetween } = failing('E', 'E', 'E', 'E', 'E');
    const arn = await workbench.start(machine({ Retry: [{ ErrorEquals: ['States.ALL'] }] }));
    await workbench.pass(60_000, 1000);
    expect(workbench.execution(arn)).toMatchObject({ status: 'FAILED', error: 'E', cause: 'E it was' });
    expect(secondsBetween()).toEqual([1, 2, 4]);
  });

  it('waits no longer than MaxDelaySeconds', async () => {
    const { workbench, secondsBetween } = failing('E', 'E', 'E', 'E');
    const Retry = [{ ErrorEquals: ['E'], IntervalSeconds: 4, MaxDelaySeconds: 10, MaxAttempts: 9 }];
    await workbench.start(machine({ Retry }));
    await workbench.pass(60_000, 1000);
    expect(secondsBetween()).toEqual([4, 8, 10, 10]);
  });

  it('counts the attempts of each retrier apart', async () => {
    const { workbench, calls } = failing('A', 'B', 'A', 'B', 'A');
    const Retry = [
      { ErrorEquals: ['A'], MaxAttempts: 2 },
      { ErrorEquals: ['B'], MaxAttempts: 2 },
    ];
    const arn = await workbench.start(machine({ Retry }));
    await workbench.pass(60_000, 1000);
    expect(workbench.execution(arn)).toMatchObject({ status: 'FAILED', error: 'A' });
    expect(calls).toHaveLength(5);
  });

  it('takes the first retrier that names the error, even where that one allows no attempt', async () => {
    const { workbench, calls } = failing('A');
    const Retry = [{ ErrorEquals: ['A'], MaxAttempts: 0 }, { ErrorEquals: ['States.ALL'] }];
    const arn = await workbench.start(machine({ Retry }));
    await workbench.pass(60_000, 1000);
    expect(workbench.execution(arn).status).toBe('FAILED');
    expect(calls).toHaveLength(1);
  });

  it('tells the state how often it was retried, and evaluates its Arguments anew', async () => {
    const { workbench } = failing('E', 'E');
    const Arguments = '{% $states.context.State.RetryCount %}';
    const arn = await workbench.start(machine({ Arguments, Retry: [{ ErrorEquals: ['E'] }] }));
    await workbench.pass(60_000, 1000);
    expect(workbench.execution(arn).output).toBe('2');
  });

  it('goes before Catch, which then takes what is left', async () => {
    const { workbench } = failing('E', 'E');
    const arn = await workbench.start(
      machine({
        Retry: [{ ErrorEquals: ['E'], MaxAttempts: 1 }],
        Catch: [
          { ErrorEquals: ['Other'], Next: 'Caught' },
          { ErrorEquals: ['E'], Assign: { seen: '{% $states.errorOutput.Error %}' }, Next: 'Caught' },
          { ErrorEquals: ['States.ALL'], Next: 'Caught' },
        ],
      }),
    );
    await workbench.pass(1000);
    const execution = workbench.execution(arn);
    expect(execution.output).toBe('{"Error":"E","Cause":"E it was"}');
    expect(outline(execution).slice(4)).toEqual([
      '5<4: LambdaFunctionFailed',
      '6<5: LambdaFunctionScheduled',
      '7<6: LambdaFunctionStarted',
      '8<7: LambdaFunctionFailed',
      '9<8: TaskStateExited Work',
      '10<9: PassStateEntered Caught',
      '11<10: PassStateExited Caught',
      '12<11: ExecutionSucceeded',
    ]);
  });

  it('takes a failed evaluation, too, and Catch does', async () => {
    const { run } = createWorkbench();
    const execution = await run(
      machine({
        Output: '{% $none %}',
        Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'Caught' }],
      }),
    );
    expect(execution.status).toBe('SUCCEEDED');
    expect(outline(execution).slice(4, 7)).toEqual([
      '5<4: LambdaFunctionSucceeded',
      '6<5: EvaluationFailed',
      '7<6: TaskStateExited Work',
    ]);
  });

  it('does not take what its own Catch fails to evaluate', async () => {
    const { workbench } = failing('E');
    const Catch = [{ ErrorEquals: ['States.ALL'], Output: '{% $none %}', Next: 'Caught' }];
    expect(await workbench.run(machine({ Catch }))).toMatchObject({
      status: 'FAILED',
      error: 'States.QueryEvaluationError',
      cause: expect.stringContaining("specified for the field 'Catch[0]/Output' returned nothing"),
    });
  });

  it('draws its delay evenly from nothing to the full one where the jitter is FULL', () => {
    const retrier = {
      errorEquals: ['E'],
      intervalSeconds: 3,
      backoffRate: 2,
      maxAttempts: 9,
      maxDelaySeconds: 20,
      jitter: true,
    };
    fc.assert(
      fc.property(
        fc.nat(8),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (made, chance) => {
          const delay = delayBeforeRetry([retrier], [made], { error: 'E' }, () => chance);
          const longest = Math.min(3 * 2 ** made, 20) * 1000;
          expect(delay).toBeCloseTo(longest * chance, 6);
        },
      ),
      { seed: 1 },
    );
  });
});

describe('ErrorEquals', () => {
  it.each([
    [['E'], { error: 'E' }, true],
    [['E'], { error: 'F' }, false],
    [['States.ALL'], { error: 'F' }, true],
    [['States.ALL'], {}, true],
    [['States.ALL'], { error: 'States.Runtime' }, false],
    [['States.ALL'], { error: 'States.DataLimitExceeded' }, true],
    [['States.TaskFailed'], { error: 'F' }, true],
    [['States.TaskFailed'], { error: 'States.Timeout' }, false],
    [['States.Timeout'], { error: 'States.Timeout', heartbeat: true }, true],
    [['States.HeartbeatTimeout'], { error: 'States.Timeout', heartbeat: true }, true],
    [['States.HeartbeatTimeout'], { error: 'States.Timeout' }, false],
  ])('%j, for %j: %s', (errorEquals, failure, expected) => {
    expect(matches(errorEquals, failure)).toBe(expected);
  });
});
