import { createEngine, type Engine, type EngineOptions } from '../../../local/asl/engine.ts';
import type { Execution } from '../../../local/asl/execution.ts';
import type { InvokeFunction } from '../../../local/asl/integrations.ts';
import type { Json } from '../../../local/asl/json.ts';
import type { StateMachineRecord } from '../../../local/asl/state-machines.ts';
import { LeapingClock } from '../../../local/clock.ts';

export const START = Date.parse('2026-01-01T00:00:00Z');

export interface Workbench {
  readonly engine: Engine;
  readonly clock: LeapingClock;
  create(definition: string | object, name?: string): StateMachineRecord;
  /** Starts a machine of this definition and lets it go as far as it can without time passing. */
  start(definition: object, input?: Json): Promise<string>;
  /** Lets time pass in steps, so that what falls due in it is done in order. */
  pass(milliseconds: number, step?: number): Promise<void>;
  execution(arn: string): Execution;
  /** Starts, settles, and gives the execution. */
  run(definition: object, input?: Json): Promise<Execution>;
}

/** An engine on a frozen clock whose functions answer with their payload. */
export function createWorkbench(
  options: Partial<EngineOptions> & { functions?: InvokeFunction | undefined } = {},
): Workbench {
  const clock = new LeapingClock({ frozenAt: START });
  const { functions = async ({ payload }) => ({ ok: true, payload }), ...rest } = options;
  const engine = createEngine({
    clock,
    region: 'us-east-1',
    accountId: '111111111111',
    invokeFunction: functions,
    ...rest,
  });
  let machines = 0;
  const workbench: Workbench = {
    engine,
    clock,
    create: (definition, name) => {
      machines += 1;
      return engine.stateMachines.create({
        name: name ?? `machine-${machines}`,
        definition: typeof definition === 'string' ? definition : JSON.stringify(definition),
        roleArn: 'arn:aws:iam::111111111111:role/workflow',
      });
    },
    start: async (definition, input = {}) => {
      const { arn } = workbench.create({ QueryLanguage: 'JSONata', ...definition });
      const { executionArn } = engine.startExecution({ stateMachineArn: arn, input: JSON.stringify(input) });
      await engine.settled();
      return executionArn;
    },
    pass: async (milliseconds, step = milliseconds) => {
      for (let passed = 0; passed < milliseconds; passed += step) {
        clock.leap(Math.min(step, milliseconds - passed));
        await engine.settled();
      }
    },
    execution: (arn) => engine.describeExecution(arn),
    run: async (definition, input) => engine.describeExecution(await workbench.start(definition, input)),
  };
  return workbench;
}

/** The events, each as `id<previous id: type name`, to compare at a glance. */
export function outline({ history }: Execution): string[] {
  return history.map(({ id, previousEventId, type, ...rest }) => {
    const details = Object.values(rest).find((value) => typeof value === 'object');
    const told = [details?.['name'], details?.['index']].filter((value) => value !== undefined);
    return [`${id}<${previousEventId}:`, type, ...told].join(' ');
  });
}
