import type { Clock } from './clock.ts';

/** What is called again and again, and how often. */
export interface Recurrence {
  readonly name: string;
  readonly everyMilliseconds: number;
  readonly call: () => Promise<void>;
}

/** A call that comes so late has been leapt over by its clock. */
const LATE_MILLISECONDS = 60_000;

/**
 * Calls on the runtime's clock, as EventBridge Scheduler does: first when one interval has passed, then at each. Where
 * the clock leaps over many of them, or one is not over when the next falls due, it is one call: it does what they would
 * have done.
 */
export class Schedules {
  readonly #clock: Clock;
  readonly #quiet: () => Promise<void>;
  readonly #onError: (name: string, error: unknown) => void;
  readonly #calls = new Map<string, Promise<void>>();
  #isStopped = false;

  /**
   * @param quiet resolves once nothing else is at work: in a leap all falls due in one moment, and what did so before a
   * call is over by then on any other clock
   */
  constructor({
    clock,
    quiet,
    onError,
  }: {
    clock: Clock;
    quiet: () => Promise<void>;
    onError: (name: string, error: unknown) => void;
  }) {
    this.#clock = clock;
    this.#quiet = quiet;
    this.#onError = onError;
  }

  add(recurrence: Recurrence): void {
    this.#appoint(recurrence, this.#clock.now() + recurrence.everyMilliseconds);
  }

  /** Makes no call any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Whether a call has not been answered yet. */
  get isBusy(): boolean {
    return this.#calls.size > 0;
  }

  /** Resolves once every call has been answered. */
  async idle(): Promise<void> {
    while (this.isBusy) await Promise.all(this.#calls.values());
  }

  #appoint(recurrence: Recurrence, dueAt: number): void {
    this.#clock.schedule(dueAt, () => {
      this.#appoint(recurrence, dueAt + recurrence.everyMilliseconds);
      const { name } = recurrence;
      if (this.#calls.has(name)) return;
      const call = this.#call(recurrence, dueAt)
        .catch((error: unknown) => this.#onError(name, error))
        .finally(() => this.#calls.delete(name));
      this.#calls.set(name, call);
    });
  }

  async #call({ call }: Recurrence, dueAt: number): Promise<void> {
    // A leap goes on after this callback.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#clock.now() - dueAt > LATE_MILLISECONDS) await this.#quiet();
    if (!this.#isStopped) await call();
  }
}
