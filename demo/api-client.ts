import { setTimeout as wait } from 'node:timers/promises';
import type { ClientKey } from './proof-of-possession.ts';

/** What an HTTP API answered. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON; undefined where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: callers look into answers of every route
  readonly body: any;
}

const LONGEST_WAIT_MILLISECONDS = 10_000;
/** Each wait before the next look is longer than the one before, from the first to the last. */
const FIRST_POLL_MILLISECONDS = 15;
const LAST_POLL_MILLISECONDS = 240;

/** A client of an HTTP API that holds one access token, and the key that it is bound to if it is (RFC 9449). */
export class ApiClient {
  readonly #baseUrl: string;
  readonly #token: string | undefined;
  readonly #key: ClientKey | undefined;
  /** The one that the server gave last. */
  #nonce: string | undefined;

  constructor(baseUrl: string, token?: string, key?: ClientKey) {
    this.#baseUrl = baseUrl;
    this.#token = token;
    this.#key = key;
  }

  get(path: string): Promise<ApiAnswer> {
    return this.send('GET', path);
  }

  post(path: string, body?: object, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    return body === undefined
      ? this.send('POST', path, undefined, headers)
      : this.send('POST', path, JSON.stringify(body), { 'content-type': 'application/json', ...headers });
  }

  postForm(path: string, form: Record<string, string>): Promise<ApiAnswer> {
    return this.send('POST', path, new URLSearchParams(form));
  }

  delete(path: string): Promise<ApiAnswer> {
    return this.send('DELETE', path);
  }

  async send(
    method: string,
    path: string,
    body?: string | URLSearchParams,
    headers: Record<string, string> = {},
  ): Promise<ApiAnswer> {
    const nonceBefore = this.#nonce;
    const answer = await this.#sendOnce(method, path, body, headers);
    // RFC 9449 §8, §9: the refusal gives the nonce to try again with.
    const isNonceAsked =
      answer.body?.error === 'use_dpop_nonce' ||
      answer.headers.get('www-authenticate')?.includes('error="use_dpop_nonce"');
    return isNonceAsked && this.#nonce !== nonceBefore ? this.#sendOnce(method, path, body, headers) : answer;
  }

  async #sendOnce(
    method: string,
    path: string,
    body: string | URLSearchParams | undefined,
    headers: Record<string, string>,
  ): Promise<ApiAnswer> {
    const response = await fetch(this.#baseUrl + path, {
      method,
      headers: { ...(await this.#credentials(method, path)), ...headers },
      ...(body === undefined ? {} : { body }),
    });
    this.#nonce = response.headers.get('dpop-nonce') ?? this.#nonce;
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : undefined,
    };
  }

  async #credentials(method: string, path: string): Promise<Record<string, string>> {
    const accessToken = this.#token;
    if (this.#key === undefined)
      return accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
    const { origin, pathname } = new URL(this.#baseUrl + path);
    const url = origin + pathname;
    const dpop = await this.#key.prove({ method, url, accessToken, nonce: this.#nonce });
    return accessToken === undefined ? { dpop } : { authorization: `DPoP ${accessToken}`, dpop };
  }

  /** Follows a request until its task says what is asked for; fails after ten seconds of the machine's time. */
  // biome-ignore lint/suspicious/noExplicitAny: callers look into the task
  async follow(requestId: string, until: (task: any) => boolean): Promise<any> {
    const givesUpAt = performance.now() + LONGEST_WAIT_MILLISECONDS;
    for (let poll = FIRST_POLL_MILLISECONDS; ; poll = Math.min(2 * poll, LAST_POLL_MILLISECONDS)) {
      const { body } = await this.get(`/access/v1/requests/${requestId}`);
      if (until(body.task)) return body.task;
      if (performance.now() > givesUpAt) {
        throw new Error(`Request ${requestId} has not got there: ${JSON.stringify(body.task)}`);
      }
      await wait(poll);
    }
  }
}
