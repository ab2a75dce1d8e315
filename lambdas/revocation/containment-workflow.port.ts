/** What one execution hands to the next, so that neither comes near the limits of a history. */
export interface Leg {
  readonly revocationId: string;
  /** 1 for the execution that starts a run. */
  readonly leg: number;
  /** Pages on which something is not confirmed, told or closed yet. */
  readonly openPages: readonly number[];
  readonly openSessions: readonly number[];
  readonly unsignalled: readonly number[];
  readonly unreleased: readonly number[];
}

/** Starts the workflow that contains an incident. */
export interface ContainmentWorkflow {
  /**
   * Starting twice is starting once: the execution's name is the run's id, and that of a later leg ends in its number.
   * @throws DependencyUnavailable
   */
  start(leg: Leg): Promise<void>;
}

export function firstLeg(revocationId: string): Leg {
  return { revocationId, leg: 1, openPages: [], openSessions: [], unsignalled: [], unreleased: [] };
}
