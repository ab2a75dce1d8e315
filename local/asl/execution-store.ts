import type { Execution } from './execution.ts';

/** Where executions are kept. */
export interface ExecutionStore {
  get(arn: string): Execution | undefined;
  /** Those that an engine is to take up when it is created. */
  running(): readonly Execution[];
  /** Those of a state machine, the latest start first. */
  list(stateMachineArn: string): readonly Execution[];
  /** Called when an execution has started, and each time that it has gone as far as it can. */
  save(execution: Execution): void;
}

export function createMemoryExecutionStore(): ExecutionStore {
  const executions = new Map<string, Execution>();
  return {
    get: (arn) => executions.get(arn),
    running: () => [...executions.values()].filter(({ status }) => status === 'RUNNING'),
    list: (stateMachineArn) =>
      [...executions.values()]
        .filter((execution) => execution.stateMachineArn === stateMachineArn)
        .reverse()
        .sort((one, other) => other.startedAt - one.startedAt),
    save: (execution) => {
      executions.set(execution.arn, execution);
    },
  };
}
