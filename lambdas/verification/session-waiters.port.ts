/** Those who wait until a session has proven more: workflows that have asked for a step-up. */
export interface SessionWaiters {
  /**
   * Tells them that evidence was added to the session. Telling again does no harm.
   * @throws DependencyUnavailable
   */
  notify(sessionId: string): Promise<void>;
}
