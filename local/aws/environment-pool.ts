import type { Handler } from './lambda-environment.ts';

/** Started as soon as they are needed. */
const ENVIRONMENTS_AT_ONCE = 2;
const MOST_ENVIRONMENTS = 10;
const SCALE_OUT_AFTER_MILLISECONDS = 500;

/**
 * The execution environments of one function. Each serves one invocation at a time, as on Lambda, so that what
 * a function keeps in its module is never shared by two. But all run on one thread, and each takes time to
 * start and memory, so that an invocation rather waits for a busy one: only while some still wait does another
 * environment start every half second.
 */
export class EnvironmentPool {
  readonly #start: () => Handler;
  readonly #idle: Handler[] = [];
  /** Each takes an environment that has become idle, or undefined: then it starts one. */
  readonly #waiting: ((handler: Handler | undefined) => void)[] = [];
  #environments = 0;
  #scaleOut: NodeJS.Timeout | undefined;

  constructor(start: () => Handler) {
    this.#start = start;
  }

  /** Throws what the function's code throws when it is loaded. */
  async acquire(): Promise<Handler> {
    const handler =
      this.#idle.pop() ?? (this.#environments < ENVIRONMENTS_AT_ONCE ? undefined : await this.#next());
    if (handler !== undefined) return handler;
    this.#environments += 1;
    try {
      return this.#start();
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  release(handler: Handler): void {
    if (this.#waiting.length === 0) this.#idle.push(handler);
    else this.#serveNext(handler);
  }

  /** Instead of `release`: the environment is not used again. */
  discard(): void {
    this.#environments -= 1;
    this.#serveNext(undefined);
  }

  #next(): Promise<Handler | undefined> {
    this.#scaleOut ??= setInterval(() => {
      if (this.#environments < MOST_ENVIRONMENTS) this.#serveNext(undefined);
    }, SCALE_OUT_AFTER_MILLISECONDS);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #serveNext(handler: Handler | undefined): void {
    this.#waiting.shift()?.(handler);
    if (this.#waiting.length > 0) return;
    clearInterval(this.#scaleOut);
    this.#scaleOut = undefined;
  }
}
