import type { PersonaTokens, TokenOptions } from './identity-provider-client.ts';
import { type PersonaId, personas } from './personas.ts';

export interface SallyportTokenOptions extends TokenOptions {
  /** On whose behalf the persona acts: the token's subject is then this person and its actor the persona. */
  readonly for?: PersonaId;
}

/** A persona's access token of Sallyport: its token of the identity provider, exchanged (RFC 8693 §2.1). */
export async function sallyportToken(
  apiUrl: string,
  identityProvider: PersonaTokens,
  persona: PersonaId,
  { for: person, ...options }: SallyportTokenOptions = {},
): Promise<string> {
  const subject = person ?? persona;
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: await identityProvider.idTokenFor(subject, options),
    subject_token_type: tokenTypeOf(subject),
  });
  if (subject !== persona) {
    form.set('actor_token', await identityProvider.idTokenFor(persona));
    form.set('actor_token_type', tokenTypeOf(persona));
  }
  const response = await fetch(`${apiUrl}/oauth2/token`, { method: 'POST', body: form });
  const answer = (await response.json().catch(() => ({}))) as Record<string, string>;
  if (!response.ok || answer['access_token'] === undefined) {
    const reason = [answer['error'], answer['error_description']].filter(Boolean).join(': ');
    throw new Error(`Sallyport answered ${response.status} ${reason}`.trim());
  }
  return answer['access_token'];
}

/** RFC 8693 §3: a person shows an ID token, a machine the JWT it was issued. */
function tokenTypeOf(persona: PersonaId): string {
  return `urn:ietf:params:oauth:token-type:${personas[persona].kind === 'user' ? 'id_token' : 'jwt'}`;
}
