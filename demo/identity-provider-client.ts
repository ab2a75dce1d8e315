import type { JobClaims, PersonaId } from './personas.ts';

export interface TokenOptions {
  /** Where a person signs in; a machine has one channel only. */
  readonly channel?: 'web' | 'desktop';
  /** How a person authenticates: RFC 8176 values. A password and a one-time code if not said. */
  readonly amr?: readonly string[];
  /** Who the token is for, to try tokens that are not for Sallyport: a person's client or any name. */
  readonly audience?: string;
  /** How the CI job's run differs from the usual one. */
  readonly job?: Partial<JobClaims>;
}

/** Whatever can get a persona's token: the provider in this process, or one in another. */
export interface PersonaTokens {
  /** An ID token of a person, a JWT access token of a machine. */
  idTokenFor(persona: PersonaId, options?: TokenOptions): Promise<string>;
}

/** Asks an identity provider that another process of this machine runs. */
export function connectIdentityProvider(url: string): PersonaTokens {
  return {
    idTokenFor: async (persona, options = {}) => {
      const response = await fetch(`${url}/personas/${persona}/token`, {
        method: 'POST',
        body: JSON.stringify(options),
      });
      const answer = await response.text();
      if (!response.ok) throw new Error(answer || `The identity provider answered ${response.status}`);
      return answer;
    },
  };
}
