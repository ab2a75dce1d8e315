import { decodeJwt } from 'jose';
import { ApiClient } from './api-client.ts';
import document from './deployment.json' with { type: 'json' };
import { showHandoff, type Taker } from './hand-over.ts';
import type { PersonaId } from './personas.ts';
import { SoftwareAuthenticator } from './software-authenticator.ts';
import type { World } from './world.ts';

/** Where the demo's people have their browsers. */
const [origin = ''] = document.webauthn.origins;

/** A person's session in one of its channels. */
export class AtChannel {
  readonly client: ApiClient;
  readonly sessionId: string;
  readonly #world: World;

  constructor(world: World, accessToken: string) {
    this.#world = world;
    this.client = new ApiClient(world.sallyport.apiUrl, accessToken);
    this.sessionId = String(decodeJwt(accessToken)['sid']);
  }

  /** Enrols a passkey that is synced between its person's devices. */
  async enrolPasskey(): Promise<SoftwareAuthenticator> {
    const passkey = new SoftwareAuthenticator({ origin, synced: true });
    const begun = await this.#expect(201, '/v1/authenticators', { type: 'passkey', name: 'Phone' });
    const credential = passkey.create(begun.public_key);
    await this.#expect(200, `/v1/authenticators/${begun.id}/confirmation`, { type: 'passkey', credential });
    return passkey;
  }

  /** Steps the session up here; goes on with a new token of it. */
  async stepUp(passkey: SoftwareAuthenticator): Promise<AtChannel> {
    const { id, public_key } = await this.#expect(201, `/v1/sessions/${this.sessionId}/step-ups`, {
      method: 'passkey',
    });
    const { access_token } = await this.#expect(200, `/v1/step-ups/${id}/response`, {
      method: 'passkey',
      credential: passkey.get(public_key),
    });
    return new AtChannel(this.#world, access_token);
  }

  /** A code by which the session can be taken over in another channel, by `to` or by whoever hands it over. */
  async handOver(
    channel: 'web' | 'desktop' | 'voice',
    to?: { readonly type: 'user' | 'group'; readonly id: string },
  ): Promise<string> {
    const answer = await this.#expect(201, `/v1/sessions/${this.sessionId}/handoffs`, {
      target_channel: channel,
      ...(to && { to }),
    });
    return answer.handoff;
  }

  // biome-ignore lint/suspicious/noExplicitAny: each route answers with something else
  async #expect(status: number, path: string, body: object): Promise<any> {
    const answer = await this.client.post(path, body);
    if (answer.status === status) return answer.body;
    throw new Error(`${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

/** Opens a session where the person signs in. */
export async function signIn(
  world: World,
  persona: PersonaId,
  options: { channel?: 'web' | 'desktop'; amr?: readonly string[] } = {},
): Promise<AtChannel> {
  return new AtChannel(world, await world.token(persona, options));
}

/** Takes a session over in another channel. */
export async function takeOver(world: World, code: string, taker?: Taker): Promise<AtChannel> {
  const { status, body } = await showHandoff(world, code, taker);
  if (status !== 200) throw new Error(`The handoff was answered with ${status} ${JSON.stringify(body)}`);
  return new AtChannel(world, body.access_token);
}
