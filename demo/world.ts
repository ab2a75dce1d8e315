import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LeapingClock } from '../local/clock.ts';
import { type Runtime, startRuntime } from '../local/runtime.ts';
import { seedDirectory } from '../local/seed-directory.ts';
import { seedSecrets } from '../local/seed-secrets.ts';
import { ensureAssembly, withDeployment } from '../local/synthesise.ts';
import { ApiClient } from './api-client.ts';
import { type Backends, startBackends } from './backends.ts';
import { prepareDeployArtifacts } from './deploy-artifacts.ts';
import { demoDeployment } from './deployment.ts';
import { demoDirectory } from './directory.ts';
import { startIdentityProvider } from './identity-provider.ts';
import type { PersonaTokens } from './identity-provider-client.ts';
import { type SallyportTokenOptions, sallyportToken } from './persona-token.ts';
import type { PersonaId } from './personas.ts';
import { startDemo } from './start-demo.ts';

export interface WorldOptions {
  /** Where tables and keys are kept; in memory if not said. */
  readonly dataDirectory?: string;
  /** With the orders database, where this machine has PostgreSQL. */
  readonly database?: boolean;
}

/** A Sallyport wherever it runs, as who has deployed it reaches it; a `Runtime` is one. */
export interface Sallyport {
  readonly apiUrl: string;
  /** What an AWS SDK client is configured with. */
  readonly client: Partial<Runtime['client']>;
  /** Where its table is, if not where its other services are. */
  readonly dynamoDbUrl?: string;
  readonly resources: readonly { readonly type: string; readonly ref: string }[];
  /** Resolves once nothing is at work: every execution has ended or waits for somebody. */
  settled(): Promise<void>;
}

/** A Sallyport with all that it lives among. */
export interface World {
  readonly sallyport: Sallyport;
  readonly identityProvider: PersonaTokens;
  readonly ticketingUrl: string;
  readonly paymentsUrl: string;
  readonly accountsUrl: string;
  /** Where the vendor is whose keys are rotated; undefined where Sallyport was deployed without one. */
  readonly vendorUrl: string | undefined;
  /** An access token of a persona, from a session of its own. */
  token(persona: PersonaId, options?: SallyportTokenOptions): Promise<string>;
  /** A client of the API with such a token. */
  as(persona: PersonaId, options?: SallyportTokenOptions): Promise<ApiClient>;
  stop(): Promise<void>;
}

/** A world of its own in this process, on free ports, whose time can leap. */
export interface EmbeddedWorld extends World {
  readonly runtime: Runtime;
  readonly backends: Backends;
  /** Lets all that is at work finish, then leaps, then lets what fell due finish. */
  leap(milliseconds: number): Promise<void>;
}

/** Starts a world. Its clock is the process's `Date` until it is stopped, so there is one at a time. */
export async function startWorld({
  database = false,
  ...options
}: WorldOptions = {}): Promise<EmbeddedWorld> {
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
    const backends = await startBackends('any', { database });
    started.push(() => backends.stop());
    const addresses = { ...backends.addresses, identityProviderUrl: identityProvider.issuer };
    withDeployment(assembly, demoDeployment(addresses), directory);
    const runtime = await startRuntime({ assemblyDirectory: directory, clock, ...options });
    started.push(() => runtime.stop());
    await seedDirectory(runtime, demoDirectory);
    await seedSecrets(runtime, backends);
    await prepareDeployArtifacts(runtime.client);
    backends.signalReceiver.trust(runtime.apiUrl);
    const demo = await startDemo({
      apiUrl: runtime.apiUrl,
      identityProvider,
      ticketingPort: 0,
      paymentsPort: 0,
      accountsPort: 0,
    });
    started.push(() => demo.stop());
    return {
      ...personasAt(runtime.apiUrl, identityProvider),
      sallyport: runtime,
      runtime,
      backends,
      ticketingUrl: demo.ticketingUrl,
      paymentsUrl: demo.paymentsUrl,
      accountsUrl: demo.accountsUrl,
      vendorUrl: backends.vendor.url,
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

/** How personas come to a Sallyport with what an identity provider says of them. */
export function personasAt(
  apiUrl: string,
  identityProvider: PersonaTokens,
): Pick<World, 'identityProvider' | 'token' | 'as'> {
  const token: World['token'] = (persona, options) =>
    sallyportToken(apiUrl, identityProvider, persona, options);
  return {
    identityProvider,
    token,
    as: async (persona, options) => new ApiClient(apiUrl, await token(persona, options), options?.key),
  };
}
