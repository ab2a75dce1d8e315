/** Starts the workflow of a rotation. */
export interface RotationWorkflow {
  /**
   * Starting twice is starting once: the execution's name is the rotation's id.
   * @throws DependencyUnavailable
   */
  start(rotationId: string): Promise<void>;
}
