import { setTimeout as wait } from 'node:timers/promises';
import { ClientStory, type Promises, type Surroundings, Violation } from './client-story.ts';
import { SeededRandom } from './seeded-random.ts';

/** Clients that go from one case to the next, as long as they are let. */
export class Load {
  /** All cases whose request was acknowledged, by its id. */
  readonly promises = new Map<string, Promises>();
  /** What was written at the target, as its clients were told. */
  readonly comments: string[] = [];
  /** Rejects with the first thing that a client has seen that must not be. */
  readonly trouble: Promise<never>;
  readonly #clients: Promise<void>[];
  #isEnding = false;
  #atWork = 0;
  #onPromise: () => void = () => {};
  /** Resolved while the load is on. */
  #on = Promise.withResolvers<void>();
  #isOn = false;

  /** The clients wait until the load is let on. */
  constructor(surroundings: Surroundings, clients: number, seed: number) {
    this.#clients = Array.from({ length: clients }, (_, client) =>
      this.#play(surroundings, new SeededRandom(seed + client + 1)),
    );
    this.trouble = Promise.race(
      this.#clients.map((client) => client.then(() => new Promise<never>(() => {}))),
    );
    this.trouble.catch(() => {});
  }

  goOn(): void {
    this.#isOn = true;
    this.#on.resolve();
  }

  /** Resolves once no client has anything under way: what was begun is gone through with. */
  async pause(): Promise<void> {
    if (this.#isOn) this.#on = Promise.withResolvers<void>();
    this.#isOn = false;
    while (this.#atWork > 0) await wait(5);
  }

  /** Resolves with the next promise that is made to a client, before it can be kept. */
  nextPromise(): Promise<void> {
    return new Promise((resolve) => {
      this.#onPromise = resolve;
    });
  }

  /** Lets every client go to the end of its case, and none begin another. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.goOn();
    await Promise.all(this.#clients);
  }

  async #play(surroundings: Surroundings, random: SeededRandom): Promise<void> {
    const turn = async <Answer>(act: () => Promise<Answer>): Promise<Answer> => {
      await this.#on.promise;
      this.#atWork += 1;
      try {
        return await act();
      } finally {
        this.#atWork -= 1;
      }
    };
    const promised = () => this.#onPromise();
    const acknowledge = (requestId: string): Promises => {
      if (this.promises.has(requestId)) throw new Violation(`two keys were answered with ${requestId}`);
      const promises: Promises = {
        requestId,
        votes: new Map(),
        tokens: [],
        wasReturned: false,
      };
      this.promises.set(requestId, promises);
      promised();
      return promises;
    };
    const commented = (body: string) => void this.comments.push(body);
    await this.#on.promise;
    while (!this.#isEnding) {
      await new ClientStory({ ...surroundings, random, turn, acknowledge, promised, commented }).play();
    }
  }
}
