import { ApiClient } from './api-client.ts';
import type { PersonaTokens, TokenOptions } from './identity-provider-client.ts';
import { type PersonaId, personas } from './personas.ts';
import type { ClientKey } from './proof-of-possession.ts';

export interface SallyportTokenOptions extends TokenOptions {
  /** On whose behalf the persona acts: the token's subject is then this person and its actor the persona. */
  readonly for?: PersonaId;
  /** The key that the token is to be bound to (RFC 9449); without one, whoever has the token can use it. */
  readonly key?: ClientKey;
}

/** A persona's access token of Sallyport: its token of the identity provider, exchanged (RFC 8693 §2.1). */
export async function sallyportToken(
  apiUrl: string,
  identityProvider: PersonaTokens,
  persona: PersonaId,
  { for: person, key, ...options }: SallyportTokenOptions = {},
): Promise<string> {
  const subject = person ?? persona;
  const form: Record<string, string> = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await identityProvider.idTokenFor(subject, options),
    subject_token_type: tokenTypeOf(subject),
  };
  if (subject !== persona) {
    form['actor_token'] = await identityProvider.idTokenFor(persona);
    form['actor_token_type'] = tokenTypeOf(persona);
  }
  const { status, body } = await new ApiClient(apiUrl, undefined, key).postForm('/oauth2/token', form);
  if (status !== 200 || body?.access_token === undefined) {
    const reason = [body?.error, body?.error_description].filter(Boolean).join(': ');
    throw new Error(`Sallyport answered ${status} ${reason}`.trim());
  }
  return body.access_token;
}

/** RFC 8693 §3: a person shows an ID token, a machine the JWT it was issued. */
function tokenTypeOf(persona: PersonaId): string {
  return `urn:ietf:params:oauth:token-type:${personas[persona].kind === 'user' ? 'id_token' : 'jwt'}`;
}
