import { type ApiAnswer, ApiClient } from './api-client.ts';
import type { PersonaId } from './personas.ts';
import type { World } from './world.ts';

const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const HANDOFF = 'urn:sallyport:params:oauth:token-type:handoff';

type Channel = 'web' | 'desktop';

/** How a session is taken over: with a sign-in of one's own in the channel, or with the code alone. */
export interface Taker {
  /** Who signs in to take it over. */
  readonly persona: PersonaId;
  readonly channel: Channel;
  /** Whether they act for the session's principal; they are the principal if not. */
  readonly acts?: boolean;
  /** How they authenticate: RFC 8176 values. */
  readonly amr?: readonly string[];
}

/** Hands the session of a client's token over, and returns the code. */
export async function handOver(
  client: ApiClient,
  session: string,
  targetChannel: Channel,
  to?: { readonly type: 'user' | 'group'; readonly id: string },
): Promise<string> {
  const { status, body } = await client.post(`/v1/sessions/${session}/handoffs`, {
    target_channel: targetChannel,
    ...(to && { to }),
  });
  if (status !== 201) throw new Error(`The session is not handed over: ${body.detail}`);
  return body.handoff;
}

/** Shows a handoff at the token endpoint (RFC 8693): as the subject token, or beside the subject's own. */
export async function takeOver(world: World, code: string, taker?: Taker): Promise<ApiAnswer> {
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
  return new ApiClient(world.sallyport.apiUrl).postForm('/oauth2/token', form);
}
