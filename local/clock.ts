/** Time as the runtime sees it: every timeout, timer and token deadline of the emulated services asks it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Calls `callback` once, when the clock has reached `atEpochMilliseconds` (at once, but never
   * synchronously, if it already has). Returns a function that cancels the call.
   */
  schedule(atEpochMilliseconds: number, callback: () => void): () => void;
  /** What another thread tells the same time by; absent where that is the machine's. */
  readonly shared?: SharedTime;
}

/** The time of a `LeapingClock`, which threads can share. */
export interface SharedTime {
  /** The time at which it stands still but for leaps. */
  readonly frozenAt?: number;
  /** One element: the milliseconds by which it has leapt. Other threads see a leap as soon as it is over. */
  readonly leapt: Float64Array<SharedArrayBuffer>;
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
 * A clock that a test or a demo drives: it follows the machine's time (or, frozen, stands still) and leaps when told
 * to. Those of several threads are one clock if they share their time.
 */
export class LeapingClock implements Clock {
  readonly shared: SharedTime;
  readonly #scheduled = new Set<{ at: number; callback: () => void; cancelTimer: () => void }>();
  readonly #machineNow: () => number;

  constructor({ leapt = new Float64Array(new SharedArrayBuffer(8)), ...time }: Partial<SharedTime> = {}) {
    this.shared = { ...time, leapt };
    this.#machineNow = Date.now.bind(Date);
  }

  now(): number {
    const { frozenAt = this.#machineNow(), leapt } = this.shared;
    return frozenAt + (leapt[0] ?? 0);
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
      this.#advanceTo(next.at);
      next.callback();
    }
    this.#advanceTo(target);
    for (const entry of this.#scheduled) this.#arm(entry);
  }

  /**
   * Lets `Date` of this thread tell this clock's time, so that all that runs on it lives in the same present. Returns
   * a function that puts the machine's `Date` back.
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

  #advanceTo(epochMilliseconds: number): void {
    this.shared.leapt[0] = (this.shared.leapt[0] ?? 0) + Math.max(0, epochMilliseconds - this.now());
  }

  #arm(entry: { at: number; callback: () => void; cancelTimer: () => void }): void {
    entry.cancelTimer();
    const due = entry.at - this.now();
    if (this.shared.frozenAt !== undefined && due > 0) {
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
