import type { Problem } from './problem.ts';

/** How the clients of a route speak JSON: under which media types, and in which form a refusal is told to them. */
export interface Dialect {
  /** Of the bodies that it answers with, and of those that are sent to it. */
  readonly mediaType: string;
  /** Under which other names bodies may be sent. */
  readonly alsoAccepted: readonly string[];
  readonly refusalMediaType: string;
  refusal(problem: Problem, requestId: string): object;
}

/** JSON, and problem documents (RFC 9457). */
export const plainJson: Dialect = {
  mediaType: 'application/json',
  alsoAccepted: [],
  refusalMediaType: 'application/problem+json',
  refusal: (problem, requestId) => ({ ...problem.toDocument(), request_id: requestId }),
};
