import type { Clock } from './clock.ts';

/** A clock on which everything that is still due can be called off, when the runtime stops. */
export class Appointments implements Clock {
  readonly #clock: Clock;
  readonly #cancellations = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  schedule(atEpochMilliseconds: number, callback: () => void): () => void {
    const cancelOnClock = this.#clock.schedule(atEpochMilliseconds, () => {
      this.#cancellations.delete(cancel);
      callback();
    });
    const cancel = (): void => {
      this.#cancellations.delete(cancel);
      cancelOnClock();
    };
    this.#cancellations.add(cancel);
    return cancel;
  }

  cancelAll(): void {
    for (const cancel of this.#cancellations) cancel();
  }
}
