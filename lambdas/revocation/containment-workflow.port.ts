/** What one execution is started with, and hands to the next, so that neither comes near the limits of a history. */
export interface Leg {
  readonly revocationId: string;
  /** 1 for the execution that starts a run. */
  readonly leg: number;
  /** Whether it takes what is open from the record: nobody hands it over, since the one before was stopped or never was. */
  readonly resumes: boolean;
  /** Pages on which something is not confirmed, told or closed yet. */
  readonly openPages: readonly number[];
  readonly openSessions: readonly number[];
  readonly unsignalled: readonly number[];
  readonly unreleased: readonly number[];
}

/** Starts the workflow that contains an incident. */
export interface ContainmentWorkflow {
  /**
   * Starting twice is starting once: the execution's name is the leg's.
   * @throws DependencyUnavailable
   */
  start(leg: Leg): Promise<void>;
}

/** The run's id, and from the second leg on its number. */
export function legName({ revocationId, leg }: Pick<Leg, 'revocationId' | 'leg'>): string {
  return leg === 1 ? revocationId : `${revocationId}.${leg}`;
}

/** A leg that nobody hands anything over to: the first one, or one that goes on where a run has stopped. */
export function legFromRecord(revocationId: string, leg = 1): Leg {
  return {
    revocationId,
    leg,
    resumes: true,
    openPages: [],
    openSessions: [],
    unsignalled: [],
    unreleased: [],
  };
}
