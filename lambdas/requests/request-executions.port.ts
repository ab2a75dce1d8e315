/** How the execution of a request's workflow stands. */
export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

/** The executions of the workflow of requests, each named by its request. */
export interface RequestExecutions {
  /**
   * @returns undefined where there is none: it was never started, or ended longer ago than Step Functions remembers
   * @throws DependencyUnavailable
   */
  statusOf(requestId: string): Promise<ExecutionStatus | undefined>;
}
