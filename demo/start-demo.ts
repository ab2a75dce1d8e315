import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts';
import { sallyportToken } from './persona-token.ts';
import { startTargets, type Targets, type TargetsOptions } from './targets.ts';

export interface DemoOptions extends Omit<TargetsOptions, 'token'> {
  /**
   * One that already runs, for a Sallyport that had to be told its issuer before it started; it is stopped
   * with the rest. If none is given, one is started.
   */
  readonly identityProvider?: IdentityProvider;
  /** 8085 if not said; 0 takes any free port. */
  readonly identityProviderPort?: number;
}

export interface Demo extends Targets {
  readonly identityProvider: IdentityProvider;
}

/** Starts what Sallyport lives among: who vouches for people and machines, and what they want access to. */
export async function startDemo({
  identityProviderPort = 8085,
  identityProvider: given,
  ...options
}: DemoOptions): Promise<Demo> {
  const identityProvider = given ?? (await startIdentityProvider({ port: identityProviderPort }));
  const token = (persona: 'ticketing-api' | 'payments-api' | 'accounts-api') =>
    sallyportToken(options.apiUrl, identityProvider, persona);
  const targets = await startTargets({ ...options, token });
  return {
    ...targets,
    identityProvider,
    stop: async () => {
      await Promise.all([identityProvider.stop(), targets.stop()]);
    },
  };
}
