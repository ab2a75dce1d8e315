import { type ApiAnswer, ApiClient } from './api-client.ts';
import type { PersonaId } from './personas.ts';
import type { ClientKey } from './proof-of-possession.ts';
import type { World } from './world.ts';

const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const HANDOFF = 'urn:sallyport:params:oauth:token-type:handoff';

/** How whoever takes a session over signs in in the channel that they come to. */
export interface Taker {
  readonly persona: PersonaId;
  readonly channel: 'web' | 'desktop';
  /** Whether they act for the session's principal; they are the principal if not. */
  readonly acts?: boolean;
  /** How they authenticate: RFC 8176 values. */
  readonly amr?: readonly string[];
}

/**
 * Shows a handoff at the token endpoint (RFC 8693): as the subject token, alone or beside the token of whoever acts,
 * or beside the subject's own. Answers with what the endpoint answers.
 * @param key the key to prove meanwhile (RFC 9449)
 */
export async function showHandoff(
  world: World,
  code: string,
  taker?: Taker,
  key?: ClientKey,
): Promise<ApiAnswer> {
  const form: Record<string, string> = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: code,
    subject_token_type: HANDOFF,
  };
  if (taker !== undefined) {
    const { persona, acts, ...signIn } = taker;
    const token = await world.identityProvider.idTokenFor(persona, signIn);
    Object.assign(
      form,
      acts
        ? { actor_token: token, actor_token_type: ID_TOKEN }
        : { subject_token: token, subject_token_type: ID_TOKEN, handoff: code },
    );
  }
  return new ApiClient(world.sallyport.apiUrl, undefined, key).postForm('/oauth2/token', form);
}
