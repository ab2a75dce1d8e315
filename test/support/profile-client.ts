import { expect } from 'vitest';

// biome-ignore lint/suspicious/noExplicitAny: it looks into whatever it is told
type Document = any;

export interface ProfileAnswer {
  readonly status: number;
  readonly body: Document;
}

/**
 * An agent that has read the standard and nothing of ours (AuthZEN Authorization API 1.0, its Access Request and Approval
 * Profile): it is given where the metadata is and a token, and goes only where what it is told leads it.
 */
export class ProfileClient {
  readonly #token: string;
  readonly #metadata: Document;

  private constructor(token: string, metadata: Document) {
    this.#token = token;
    this.#metadata = metadata;
  }

  static async from(metadataUrl: string, token: string): Promise<ProfileClient> {
    const metadata = (await (await fetch(metadataUrl)).json()) as Document;
    expect(metadata.capabilities).toContain('urn:openid:authzen:capability:access-request');
    return new ProfileClient(token, metadata);
  }

  evaluate(question: object): Promise<ProfileAnswer> {
    return this.#send('POST', this.#metadata.access_evaluation_endpoint, question);
  }

  /** Follows a denial by its own members. */
  async follow(question: object, denied: Document, said: object = {}): Promise<ProfileAnswer> {
    const { access_request: offer, evaluation_id, evaluated_at, reason } = denied.context;
    const endpoint: string = offer.endpoint ?? this.#metadata.access_request_endpoint;
    expect(new URL(endpoint).origin).toBe(new URL(this.#metadata.access_request_endpoint).origin);
    return this.#send('POST', endpoint, {
      ...question,
      denial: {
        evaluation_id,
        evaluated_at,
        reason,
        expires_at: offer.expires_at,
        binding_token: offer.binding_token,
      },
      ...said,
    });
  }

  status(task: Document): Promise<ProfileAnswer> {
    return this.#send('GET', task.status_endpoint);
  }

  cancel(task: Document): Promise<ProfileAnswer> {
    return this.#send('POST', task.links.cancel);
  }

  async #send(method: string, url: string, body?: object): Promise<ProfileAnswer> {
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }
}
