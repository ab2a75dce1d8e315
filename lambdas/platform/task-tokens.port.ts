/**
 * Task tokens of waiting workflows. Who holds one can answer for the state that waits, so they rest encrypted
 * and are opened only to be used. `boundTo` is the id of what waits: a token that was sealed for one thing
 * cannot be opened as another's.
 */
export interface TaskTokenSealer {
  /** @throws DependencyUnavailable */
  seal(taskToken: string, boundTo: string): Promise<string>;
}

export interface WaitingWorkflow {
  /**
   * Answers the state that waits with this token. A workflow that waits no longer is no failure: whoever ended
   * its wait has seen what was written before.
   * @throws DependencyUnavailable
   */
  resume(sealedTaskToken: string, boundTo: string, output: { readonly outcome: string }): Promise<void>;
}
