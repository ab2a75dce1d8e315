import { StateConflict } from './failures.ts';

/** Who loses this often does not lose by chance. */
const MOST_ATTEMPTS = 4;

/**
 * Reads, decides and commits again where somebody else was first. `attempt` reads anew each time, so that what
 * it decides is decided about what is there now.
 * @throws StateConflict after the last attempt
 */
export async function rereadOnConflict<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StateConflict) || attempts === MOST_ATTEMPTS) throw error;
    }
  }
}
