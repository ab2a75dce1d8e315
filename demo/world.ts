import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LeapingClock } from '../local/clock.ts';
import { type Runtime, startRuntime } from '../local/runtime.ts';
import { seedDirectory } from '../local/seed-directory.ts';
import { ensureAssembly, withDeployment } from '../local/synthesise.ts';
import { ApiClient } from './api-client.ts';
import { demoDeployment } from './deployment.ts';
import { demoDirectory } from './directory.ts';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts';
import { type SallyportTokenOptions, sallyportToken } from './persona-token.ts';
import type { PersonaId } from './personas.ts';
import { startDemo } from './start-demo.ts';

export interface WorldOptions {
  /** Where tables and keys are kept; in memory if not said. */
  readonly dataDirectory?: string;
}

/** A Sallyport of its own with all that it lives among, on free ports, whose time can leap. */
export interface World {
  readonly runtime: Runtime;
  readonly identityProvider: IdentityProvider;
  readonly ticketingUrl: string;
  /** An access token of a persona, from a session of its own. */
  token(persona: PersonaId, options?: SallyportTokenOptions): Promise<string>;
  /** A client of the API with such a token. */
  as(persona: PersonaId, options?: SallyportTokenOptions): Promise<ApiClient>;
  /** Lets all that is at work finish, then leaps, then lets what fell due finish. */
  leap(milliseconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a world. Its clock is the process's `Date` until it is stopped, so there is one at a time. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-'));
  const clock = new LeapingClock();
  const restoreDate = clock.installAsDate();
  const started: (() => Promise<void> | void)[] = [
    () => rmSync(directory, { recursive: true, force: true }),
    restoreDate,
  ];
  const stop = async (): Promise<void> => {
    for (const stopOne of started.splice(0).reverse()) await stopOne();
  };
  try {
    const assembly = await ensureAssembly();
    const identityProvider = await startIdentityProvider({ port: 0 });
    started.push(() => identityProvider.stop());
    withDeployment(assembly, demoDeployment({ identityProviderUrl: identityProvider.issuer }), directory);
    const runtime = await startRuntime({ assemblyDirectory: directory, clock, ...options });
    started.push(() => runtime.stop());
    await seedDirectory(runtime, demoDirectory);
    const demo = await startDemo({ apiUrl: runtime.apiUrl, identityProvider, ticketingPort: 0 });
    started.push(() => demo.stop());
    const token = (persona: PersonaId, tokenOptions?: SallyportTokenOptions) =>
      sallyportToken(runtime.apiUrl, identityProvider, persona, tokenOptions);
    return {
      runtime,
      identityProvider,
      ticketingUrl: demo.ticketingUrl,
      token,
      as: async (persona, tokenOptions) => new ApiClient(runtime.apiUrl, await token(persona, tokenOptions)),
      leap: async (milliseconds) => {
        await runtime.settled();
        clock.leap(milliseconds);
        await runtime.settled();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
