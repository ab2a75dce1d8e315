import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Execution } from '../../../local/asl/execution.ts';
import { handovers, type Next } from './handovers.ts';
import { createWorkbench } from './workbench.ts';

type Step =
  | { kind: 'pass' }
  | { kind: 'wait'; seconds: number }
  | { kind: 'call'; fails: boolean; retries: number }
  | { kind: 'fail' }
  | { kind: 'parallel'; branches: Step[][]; caught: boolean }
  | { kind: 'map'; items: number; concurrency: number; steps: Step[] };

const { steps } = fc.letrec<{ steps: Step[]; step: Step }>((tie) => ({
  steps: fc.array(tie('step'), { minLength: 1, maxLength: 3 }),
  step: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    { weight: 3, arbitrary: fc.constant<Step>({ kind: 'pass' }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.nat(4) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('call' as const), fails: fc.boolean(), retries: fc.nat(2) }),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ kind: 'fail' }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('parallel' as const),
        branches: fc.array(tie('steps'), { minLength: 1, maxLength: 3 }),
        caught: fc.boolean(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('map' as const),
        items: fc.nat(3),
        concurrency: fc.nat(2),
        steps: tie('steps'),
      }),
    },
  ),
}));

const FUNCTION = 'arn:aws:lambda:us-east-1:111111111111:function:work';

/** A chain of states for the steps; Fail states end theirs. `names` counts, so that no name comes twice. */
function scopeFor(
  list: Step[],
  names: { used: number },
): { StartAt: string; States: Record<string, object> } {
  const failing = list.findIndex(({ kind }) => kind === 'fail');
  const walked = failing < 0 ? list : list.slice(0, failing + 1);
  const first = names.used;
  names.used += walked.length;
  const States: Record<string, object> = {};
  walked.forEach((step, index) => {
    const next = index + 1 < walked.length ? { Next: `S${first + index + 1}` } : { End: true };
    const name = `S${first + index}`;
    States[name] = stateFor(step, next, names);
    if (step.kind !== 'parallel' || !step.caught) return;
    Object.assign(States[name] as object, {
      Catch: [{ ErrorEquals: ['States.ALL'], Next: `C${first + index}` }],
    });
    States[`C${first + index}`] = { Type: 'Succeed' };
  });
  return { StartAt: `S${first}`, States };
}

function stateFor(step: Step, next: object, names: { used: number }): object {
  switch (step.kind) {
    case 'pass':
      return { Type: 'Pass', Output: '{% $states.context.State.Name %}', ...next };
    case 'wait':
      return { Type: 'Wait', Seconds: step.seconds, ...next };
    case 'call': {
      const Retry = [{ ErrorEquals: ['E'], MaxAttempts: step.retries }];
      return { Type: 'Task', Resource: FUNCTION, Arguments: { fails: step.fails }, Retry, ...next };
    }
    case 'fail':
      return { Type: 'Fail', Error: 'F' };
    case 'parallel':
      return { Type: 'Parallel', Branches: step.branches.map((branch) => scopeFor(branch, names)), ...next };
    case 'map': {
      const Items = Array.from({ length: step.items }, (_, index) => index);
      const ItemProcessor = scopeFor(step.steps, names);
      return { Type: 'Map', Items, MaxConcurrency: step.concurrency, ItemProcessor, ...next };
    }
  }
}

/** Runs to the end; at each of the given seconds, what there is goes over to another engine. */
async function runTo(
  seconds: number,
  definition: object,
  next: Next,
  movesAt: ReadonlySet<number> = new Set(),
): Promise<Execution> {
  const open = (left?: Execution) =>
    createWorkbench({
      executions: next(left),
      functions: async ({ payload }) =>
        (payload as { fails: boolean }).fails
          ? { ok: false, error: 'E', cause: 'asked to' }
          : { ok: true, payload },
    });
  let workbench = open();
  const arn = await workbench.start(definition);
  for (let second = 1; second <= seconds; second += 1) {
    if (movesAt.has(second)) {
      workbench = open(workbench.execution(arn));
      workbench.clock.leap((second - 1) * 1000);
      await workbench.engine.settled();
    }
    await workbench.pass(1000);
  }
  return workbench.execution(arn);
}

const withoutNames = ({ history }: Execution) =>
  JSON.stringify(history).replace(/"name":"[0-9a-f-]{36}"/g, '');

it.each(handovers)(
  'ends any machine with a whole history, moved anywhere, kept $kept',
  async ({ runs, handOver }) => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 4 }),
        async (list, moves) => {
          const definition = scopeFor(list, { used: 0 });
          const execution = await runTo(120, definition, handOver());
          const { history, frames, status } = execution;
          expect(['SUCCEEDED', 'FAILED']).toContain(status);
          expect(frames).toEqual({});
          history.forEach((event, index) => {
            expect(event.id).toBe(index + 1);
            expect(event.previousEventId).toBeLessThan(event.id);
            expect(event.timestamp).toBeGreaterThanOrEqual(history[index - 1]?.timestamp ?? 0);
          });
          expect(history.filter(({ type }) => type.startsWith('Execution'))).toHaveLength(2);
          const count = (event: string) => history.filter(({ type }) => type === event).length;
          for (const type of status === 'SUCCEEDED' ? ['Wait', 'Task', 'Map', 'Parallel'] : []) {
            const left = count(`${type}StateExited`) + count(`${type}StateAborted`);
            // One that has failed is left by its Catch, or is what the state around it fails with.
            expect(count(`${type}StateEntered`)).toBeGreaterThanOrEqual(left);
            expect(count(`${type}StateEntered`)).toBeLessThanOrEqual(left + count(`${type}StateFailed`));
          }
          expect(withoutNames(await runTo(120, definition, handOver(), new Set(moves)))).toBe(
            withoutNames(execution),
          );
        },
      ),
      { numRuns: runs, seed: 1 },
    );
  },
  60_000,
);
