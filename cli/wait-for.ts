import { setTimeout as pause } from 'node:timers/promises';
import { CommandFailure } from './command-failure.ts';

/** The first looks come close together, for what is quick; the last ones do not load anybody. */
const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 5000;
const GROWTH = 1.5;

export interface Wait<State> {
  /** Looks how it is. */
  look(): Promise<State>;
  isOver(state: State): boolean;
  /** How far it is, in a line. */
  describe(state: State): string;
  progress(line: string): void;
  /** How to look again later: what whoever stops waiting is told. */
  readonly later: string;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/**
 * Looks until it is over. An answer that does not come is waited for, too: what goes on there does not need us.
 * @throws CommandFailure (notOver, interrupted) where the wait ends before
 */
export async function waitFor<State>({
  look,
  isOver,
  describe,
  progress,
  later,
  timeoutSeconds,
  signal,
}: Wait<State>): Promise<State> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  try {
    for (let next = FIRST_PAUSE_MILLISECONDS; ; next = Math.min(next * GROWTH, LONGEST_PAUSE_MILLISECONDS)) {
      const state = await lookOnce(look, deadline);
      if (state !== undefined) {
        if (isOver(state)) return state;
        progress(describe(state));
      } else progress('Sallyport does not answer now; trying again.');
      const left = deadline - performance.now();
      if (left <= 0) throw new CommandFailure('notOver', `It is not over yet, and goes on. ${later}`);
      await pause(Math.min(next, left), undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CommandFailure('interrupted', `Stopped waiting; what was started goes on. ${later}`);
  }
}

async function lookOnce<State>(look: () => Promise<State>, deadline: number): Promise<State | undefined> {
  try {
    return await look();
  } catch (error) {
    const mayPass = error instanceof CommandFailure && error.outcome === 'unavailable';
    if (mayPass && performance.now() < deadline) return undefined;
    throw error;
  }
}
