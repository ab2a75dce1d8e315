import { describe, expect, test } from 'vitest';
import { ROTATION_LEASE_SECONDS } from '../../lambdas/rotation/rotation.ts';
import type { FunctionAnswer } from '../../local/asl/integrations.ts';
import type { Json, JsonObject } from '../../local/asl/json.ts';
import { workflows } from '../../workflows/manifest.ts';
import { createWorkbench, START } from '../unit/asl/workbench.ts';
import { definitionText } from './request-access-walk.ts';

type TaskName = keyof (typeof workflows)['rotate-secret'];
type Act = { readonly answers: JsonObject } | { readonly throws: string };
type Script = Partial<Record<TaskName, readonly Act[]>>;

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:';
const text = definitionText('rotate-secret');
const definition = JSON.parse(text.replaceAll(/\$\{(\w+)FunctionArn\}/g, `${FUNCTION}$1`));
const taskNames = Object.keys(workflows['rotate-secret']) as TaskName[];
const ID = 'rotation-1';

const usual: Record<TaskName, JsonObject> = {
  CreatePending: { outcome: 'created' },
  SetPending: { outcome: 'set', propagationSeconds: 0 },
  TestPending: { outcome: 'works' },
  FinishRotation: { outcome: 'finished' },
  RetirePrevious: { outcome: 'succeeded' },
  RollBackRotation: { outcome: 'rolled_back' },
  RecordRotationFailure: { outcome: 'failed' },
};

/** Runs the workflow on a frozen clock: each function does what the script says, its last act again and again. */
async function walk(script: Script = {}) {
  const made: { task: TaskName; payload: JsonObject; at: number }[] = [];
  const workbench = createWorkbench({
    random: () => 0,
    functions: async ({ functionArn, payload }): Promise<FunctionAnswer> => {
      const task = functionArn.slice(FUNCTION.length) as TaskName;
      const acts = script[task] ?? [];
      const nth = made.filter((call) => call.task === task).length;
      made.push({ task, payload: payload as JsonObject, at: workbench.clock.now() });
      const act = acts[nth] ?? acts.at(-1) ?? { answers: usual[task] };
      if ('answers' in act) return { ok: true, payload: act.answers as Json };
      return { ok: false, error: act.throws, cause: '{}' };
    },
  });
  const arn = await workbench.start(definition, { rotationId: ID });
  return {
    entered: () =>
      workbench
        .execution(arn)
        .history.flatMap((event) =>
          'stateEnteredEventDetails' in event
            ? [(event['stateEnteredEventDetails'] as { name: string }).name]
            : [],
        ),
    calls: (task: TaskName) => made.filter((call) => call.task === task).map(({ payload }) => payload),
    lastAt: () => ((made.at(-1)?.at ?? START) - START) / 1000,
    pass: (seconds: number) => workbench.pass(seconds * 1000, seconds * 1000),
    execution: () => workbench.execution(arn),
  };
}

const broken: Act = { throws: 'BrokenInvariant' };
const wayBack = ['RollBackRotation', 'RecordRotationFailure', 'Failed'];

describe('the path of a rotation', () => {
  test('is create, set, test, finish, and then the end of what was before', async () => {
    const run = await walk();
    expect(run.entered()).toEqual([
      'CreatePending',
      'SetPending',
      'TestPending',
      'RouteTest',
      'FinishRotation',
      'RetirePrevious',
    ]);
    expect(run.execution()).toMatchObject({ status: 'SUCCEEDED' });
    for (const task of [
      'CreatePending',
      'SetPending',
      'TestPending',
      'FinishRotation',
      'RetirePrevious',
    ] as const)
      expect(run.calls(task), task).toEqual([{ rotationId: ID }]);
  });

  test('waits for as long as a new key must be known before it signs', async () => {
    const run = await walk({ SetPending: [{ answers: { outcome: 'set', propagationSeconds: 300 } }] });
    await run.pass(299);
    expect(run.entered().at(-1)).toBe('AwaitPropagation');
    await run.pass(1);
    expect(run.entered().slice(-2)).toEqual(['FinishRotation', 'RetirePrevious']);
  });

  test('goes back where the test is refused, and says why', async () => {
    const why = 'logging in as shop: refused (28P01)';
    const run = await walk({ TestPending: [{ answers: { outcome: 'refused', why } }] });
    expect(run.entered().slice(-4)).toEqual(['RouteTest', ...wayBack]);
    expect(run.calls('RecordRotationFailure')).toEqual([
      { rotationId: ID, failure: { state: 'TestPending', error: 'TestFailed', why } },
    ]);
    expect(run.calls('FinishRotation')).toEqual([]);
    expect(run.execution()).toMatchObject({ status: 'FAILED', error: 'RotationFailed' });
  });

  test.for([{}, { outcome: 'maybe' }, { outcome: null }, { outcome: ['works', 'refused'] }] as JsonObject[])(
    'goes back where the test says %j: that is no pass',
    async (answers) => {
      const run = await walk({ TestPending: [{ answers }] });
      expect(run.entered().slice(-3)).toEqual(wayBack);
      expect(run.calls('FinishRotation')).toEqual([]);
    },
  );

  test.for(['CreatePending', 'SetPending', 'TestPending', 'FinishRotation'] as const)(
    'goes back where %s fails, and names it',
    async (task) => {
      const run = await walk({ [task]: [broken] });
      expect(run.entered().slice(-3)).toEqual(wayBack);
      expect(run.calls('RollBackRotation')).toEqual([{ rotationId: ID }]);
      expect(run.calls('RecordRotationFailure')).toEqual([
        { rotationId: ID, failure: { state: task, error: 'BrokenInvariant' } },
      ]);
    },
  );

  test.for(['CreatePending', 'SetPending', 'TestPending', 'FinishRotation'] as const)(
    'ends at %s where another rotation has taken its place, and takes nothing back',
    async (task) => {
      const run = await walk({ [task]: [{ throws: 'RotationOver' }] });
      expect(run.entered().at(-1)).toBe('Superseded');
      expect(run.calls('RollBackRotation')).toEqual([]);
      expect(run.execution()).toMatchObject({ status: 'SUCCEEDED' });
    },
  );

  test('does not go back once the new value is current: what should be dead is recorded', async () => {
    const run = await walk({ RetirePrevious: [broken] });
    expect(run.entered().slice(-3)).toEqual(['RetirePrevious', 'RecordRotationFailure', 'Failed']);
    expect(run.calls('RollBackRotation')).toEqual([]);
  });

  test('records its failure also where going back fails', async () => {
    const run = await walk({ SetPending: [broken], RollBackRotation: [broken] });
    expect(run.entered().slice(-3)).toEqual(wayBack);
    expect(run.calls('RecordRotationFailure')[0]).toMatchObject({ failure: { state: 'SetPending' } });
  });
});

test.for(taskNames)('%s is tried again after what may pass', async (task) => {
  const script: Script = {
    [task]: [{ throws: 'DependencyUnavailable' }, { answers: usual[task] }],
    ...(task === 'RollBackRotation' || task === 'RecordRotationFailure' ? { SetPending: [broken] } : {}),
  };
  const run = await walk(script);
  expect(run.calls(task)).toHaveLength(2);
});

test.for(['RollBackRotation', 'RetirePrevious'] as const)(
  '%s is tried for long before somebody is called',
  async (task) => {
    const run = await walk({
      [task]: [{ throws: 'RevocationUnconfirmed' }],
      ...(task === 'RollBackRotation' ? { SetPending: [broken] } : {}),
    });
    expect(run.calls(task)).toHaveLength(21);
    expect(run.entered().slice(-2)).toEqual(['RecordRotationFailure', 'Failed']);
  },
);

test('a rotation is taken for over no sooner than its execution is', () => {
  expect(definition.TimeoutSeconds).toBeLessThanOrEqual(ROTATION_LEASE_SECONDS);
});

test('what failed is named by its state, and told without its cause', () => {
  for (const [name, state] of Object.entries<{ Catch?: { Assign?: { failure?: { state: string } } }[] }>(
    definition.States,
  ))
    for (const { Assign } of state.Catch ?? [])
      if (Assign?.failure !== undefined) expect(Assign.failure.state).toBe(name);
  expect(text).not.toContain('errorOutput.Cause');
});
