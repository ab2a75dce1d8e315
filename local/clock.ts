/** Time as the runtime sees it: every timeout, timer and token deadline of the emulated services asks it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Calls `callback` once, when the clock has reached `atEpochMilliseconds` (at once, but never
   * synchronously, if it already has). Returns a function that cancels the call.
   */
  schedule(atEpochMilliseconds: number, callback: () => void): () => void;
}

/** setTimeout overflows above this and would fire at once, so longer waits are taken in parts. */
const LONGEST_TIMEOUT_MILLISECONDS = 2 ** 31 - 1;

export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  schedule(atEpochMilliseconds: number, callback: () => void): () => void {
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const remaining = atEpochMilliseconds - this.now();
      timer =
        remaining > LONGEST_TIMEOUT_MILLISECONDS
          ? setTimeout(wait, LONGEST_TIMEOUT_MILLISECONDS)
          : setTimeout(callback, Math.max(0, remaining));
    };
    wait();
    return () => clearTimeout(timer);
  }
}

/**
 * A clock that a test or a demo drives: it follows the machine's time (or, `frozen`, stands still) and leaps
 * when told to.
 */
export class LeapingClock implements Clock {
  readonly #frozenAt: number | undefined;
  readonly #scheduled = new Set<{ at: number; callback: () => void; cancelTimer: () => void }>();
  readonly #machineNow: () => number;
  #leapt = 0;

  constructor(options: { frozenAt?: number } = {}) {
    this.#frozenAt = options.frozenAt;
    this.#machineNow = Date.now.bind(Date);
  }

  now(): number {
    return (this.#frozenAt ?? this.#machineNow()) + this.#leapt;
  }

  schedule(atEpochMilliseconds: number, callback: () => void): () => void {
    const entry = { at: atEpochMilliseconds, callback, cancelTimer: () => {} };
    this.#scheduled.add(entry);
    this.#arm(entry);
    return () => {
      entry.cancelTimer();
      this.#scheduled.delete(entry);
    };
  }

  /** Leaps forward and calls what has fallen due on the way, in order of its time, each at its own time. */
  leap(milliseconds: number): void {
    const target = this.now() + milliseconds;
    for (;;) {
      const next = [...this.#scheduled].filter(({ at }) => at <= target).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#scheduled.delete(next);
      next.cancelTimer();
      this.#leapt += Math.max(0, next.at - this.now());
      next.callback();
    }
    this.#leapt += Math.max(0, target - this.now());
    for (const entry of this.#scheduled) this.#arm(entry);
  }

  /**
   * Lets `Date` of this process tell this clock's time, so that the functions and the identity provider that
   * run in it live in the same present. Returns a function that puts the machine's `Date` back.
   */
  installAsDate(): () => void {
    const MachineDate = globalThis.Date;
    const now = () => this.now();
    globalThis.Date = class extends MachineDate {
      constructor(...parts: []) {
        if (parts.length === 0) super(now());
        else super(...parts);
      }
      static override now(): number {
        return now();
      }
    } as DateConstructor;
    return () => {
      globalThis.Date = MachineDate;
    };
  }

  #arm(entry: { at: number; callback: () => void; cancelTimer: () => void }): void {
    entry.cancelTimer();
    const due = entry.at - this.now();
    if (this.#frozenAt !== undefined && due > 0) {
      entry.cancelTimer = () => {};
      return;
    }
    const timer = setTimeout(
      () => {
        if (!this.#scheduled.has(entry)) return;
        if (entry.at > this.now()) return this.#arm(entry);
        this.#scheduled.delete(entry);
        entry.callback();
      },
      Math.min(Math.max(0, due), LONGEST_TIMEOUT_MILLISECONDS),
    );
    entry.cancelTimer = () => clearTimeout(timer);
  }
}
