import type { PathFailure } from '../minting/grant.ts';

/** What failed where the workflow of a request could not be started: the same request may be made again. */
export const NOT_STARTED: PathFailure = { state: 'StartExecution', error: 'DependencyUnavailable' };
