/** Starts the workflow of a request. */
export interface WorkflowStarter {
  /**
   * Starting twice is starting once: the execution's name is the request's id.
   * @throws DependencyUnavailable
   */
  start(requestId: string): Promise<void>;
}
