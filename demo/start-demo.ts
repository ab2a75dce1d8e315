import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts';
import { sallyportToken } from './persona-token.ts';
import { startTicketingApi } from './ticketing-api.ts';

export interface DemoOptions {
  /** The base URL of the Sallyport that the demo is for. */
  readonly apiUrl: string;
  /**
   * One that already runs, for a Sallyport that had to be told its issuer before it started; it is stopped
   * with the rest. If none is given, one is started.
   */
  readonly identityProvider?: IdentityProvider;
  /** 8085 if not said; 0 takes any free port. */
  readonly identityProviderPort?: number;
  /** 8090 if not said; 0 takes any free port. */
  readonly ticketingPort?: number;
}

export interface Demo {
  readonly identityProvider: IdentityProvider;
  readonly ticketingUrl: string;
  stop(): Promise<void>;
}

/** Starts what Sallyport lives among: who vouches for people and machines, and what they want access to. */
export async function startDemo({
  apiUrl,
  identityProviderPort = 8085,
  ticketingPort = 8090,
  ...given
}: DemoOptions): Promise<Demo> {
  const identityProvider =
    given.identityProvider ?? (await startIdentityProvider({ port: identityProviderPort }));
  const ticketing = await startTicketingApi({
    port: ticketingPort,
    issuer: apiUrl,
    authenticate: () => sallyportToken(apiUrl, identityProvider, 'ticketing-api'),
  });
  return {
    identityProvider,
    ticketingUrl: ticketing.url,
    stop: async () => {
      await Promise.all([identityProvider.stop(), ticketing.stop()]);
    },
  };
}
