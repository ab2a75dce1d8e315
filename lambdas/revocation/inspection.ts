/**
 * What looking at one thing came to: in order, put right, out of order and still to be put right, or not to be looked at
 * now because what it depends on did not answer.
 */
export type Finding = 'fine' | 'repaired' | 'unresolved' | 'unknown';

/** One way in which what is recorded and what is live can have come apart. */
export interface Inspection<Thing = unknown> {
  readonly name: string;
  /** What is to be looked at, page by page. Whoever has no time left takes no more of them. */
  pages(): AsyncIterable<readonly Thing[]>;
  /**
   * Looks at one thing, and puts it right. Both can be done again, and by two at once.
   * @throws StateConflict where somebody else has changed it meanwhile
   */
  inspect(thing: Thing): Promise<Finding>;
}
