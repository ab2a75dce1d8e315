import type { ApiClient } from '../../demo/api-client.ts';
import type { EmbeddedWorld } from '../../demo/world.ts';
import { agentOf } from './access-path.ts';

type CallerName = 'agent' | 'engineer' | 'owner' | 'second-owner' | 'ticketing-api';

/** An access token lasts a quarter of an hour; time leaps, so callers sign in again well before. */
const RENEWED_AFTER_MILLISECONDS = 5 * 60_000;

/** Signs callers in when they are needed, and again when their tokens have grown old. */
export class Callers {
  readonly #world: EmbeddedWorld;
  readonly #signedIn = new Map<CallerName, { client: ApiClient; at: number }>();

  constructor(world: EmbeddedWorld) {
    this.#world = world;
  }

  /** `agent` is the triage bot, acting for the engineer. */
  async get(name: CallerName): Promise<ApiClient> {
    const now = this.#world.runtime.clock.now();
    const known = this.#signedIn.get(name);
    if (known !== undefined && now - known.at < RENEWED_AFTER_MILLISECONDS) return known.client;
    const client = name === 'agent' ? await agentOf(this.#world) : await this.#world.as(name);
    this.#signedIn.set(name, { client, at: now });
    return client;
  }
}
