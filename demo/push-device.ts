import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { SignJWT } from 'jose';
import { type ApiAnswer, ApiClient } from './api-client.ts';

/** How the holder unlocked the device (RFC 8176), where it made sure of them. */
type Unlocked = 'pin' | 'fpt' | 'face';

/** One push, as the device shows it. */
export interface ShownPush {
  readonly id: string;
  readonly nonce: string;
  readonly binding_message: string;
}

interface Enrolled {
  readonly apiUrl: string;
  readonly authenticatorId: string;
  readonly key: KeyObject;
}

/** A person's telephone with an app that answers pushes: a key of its own, which it signs what it says with. */
export class PushDevice {
  readonly authenticatorId: string;
  readonly #apiUrl: string;
  readonly #api: ApiClient;
  readonly key: KeyObject;

  constructor({ apiUrl, authenticatorId, key }: Enrolled) {
    this.authenticatorId = authenticatorId;
    this.#apiUrl = apiUrl;
    this.#api = new ApiClient(apiUrl);
    this.key = key;
  }

  /** Enrols a new telephone for whoever is signed in; with a code from staff, where they have one. */
  static async enrol(apiUrl: string, person: ApiClient, right?: string): Promise<PushDevice> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const begun = await person.post('/v1/authenticators', {
      type: 'push-device',
      name: 'Telephone',
      public_key: publicKey.export({ format: 'jwk' }),
      ...(right === undefined ? {} : { right }),
    });
    if (begun.status !== 201) throw new Error(`The telephone is not enrolled: ${begun.body.detail}`);
    const { id, challenge } = begun.body;
    const signature = sign('sha256', Buffer.from(challenge), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const { status, body } = await person.post(`/v1/authenticators/${id}/confirmation`, {
      type: 'push-device',
      signature: signature.toString('base64url'),
    });
    if (status !== 200) throw new Error(`The telephone is not enrolled: ${body.detail}`);
    return new PushDevice({ apiUrl, authenticatorId: body.authenticator.id, key: privateKey });
  }

  /** What the device shows to its holder. */
  async shown(): Promise<readonly ShownPush[]> {
    const statement = await this.statement('push-query+jwt', {});
    const { status, body } = await this.#api.post('/v1/push-challenges', { statement });
    if (status !== 200) throw new Error(`The telephone is not heard: ${body.detail}`);
    return body.challenges;
  }

  /** What the holder chose. */
  async answer(
    { id, nonce }: ShownPush,
    decision: 'approve' | 'deny',
    unlockedBy?: Unlocked,
  ): Promise<ApiAnswer> {
    const statement = await this.statement('push-answer+jwt', {
      challenge: id,
      nonce,
      decision,
      ...(unlockedBy === undefined ? {} : { user_verification: unlockedBy }),
    });
    return this.say(id, statement);
  }

  say(challenge: string, statement: string): Promise<ApiAnswer> {
    return this.#api.post(`/v1/push-challenges/${challenge}/response`, { statement });
  }

  statement(typ: string, claims: Record<string, unknown>): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ, kid: this.authenticatorId })
      .setAudience(this.#apiUrl)
      .setIssuedAt()
      .setJti(randomUUID())
      .sign(this.key);
  }
}
