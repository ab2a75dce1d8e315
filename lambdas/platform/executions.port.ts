/** How an execution of a workflow stands. */
export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** The executions of one workflow, each named by what it was started for. */
export interface Executions {
  /**
   * @returns undefined where there is none: it was never started, or ended longer ago than Step Functions remembers
   * @throws DependencyUnavailable
   */
  statusOf(name: string): Promise<ExecutionStatus | undefined>;
}
