import { setTimeout as wait } from 'node:timers/promises';
import type { ClientKey } from './client-key.ts';
import { CommandFailure } from './command-failure.ts';
import type { Outcome } from './exit-codes.ts';
import { explainProblem, type Problem } from './problem.ts';

/** How often a request is tried that may be tried again, and the pause before each try but the first. */
const PAUSES_MILLISECONDS = [0, 250, 1000] as const;
/** How long an answer may take: the API itself gives up after 29 seconds (API Gateway). */
const ANSWER_TIMEOUT_MILLISECONDS = 35_000;

export interface ApiOptions {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token?: string | undefined;
  /** The key that the token is bound to, if it is (RFC 9449). */
  readonly key?: ClientKey | undefined;
  /** Ends every request at once. */
  readonly signal: AbortSignal;
}

export interface ApiRequest {
  readonly body?: object;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether doing it twice is doing it once. Reads are. */
  readonly repeatable?: boolean;
}

/** The HTTP API of one Sallyport, as one caller. Whatever it refuses is a `CommandFailure`. */
export class Api {
  readonly #options: ApiOptions;
  /** The one that the server gave last (RFC 9449 §8.2). */
  #nonce: string | undefined;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  get<Answer>(path: string): Promise<Answer> {
    return this.call('GET', path, { repeatable: true });
  }

  post<Answer>(path: string, request: ApiRequest = {}): Promise<Answer> {
    return this.call('POST', path, request);
  }

  delete<Answer>(path: string, request: ApiRequest = {}): Promise<Answer> {
    return this.call('DELETE', path, request);
  }

  /** All pages of a list, one after the other. */
  async *pages<Page extends { readonly cursor?: string | undefined }>(path: string): AsyncGenerator<Page> {
    let cursor: string | undefined;
    do {
      const separator = path.includes('?') ? '&' : '?';
      const page: Page = await this.get(
        cursor === undefined ? path : `${path}${separator}cursor=${encodeURIComponent(cursor)}`,
      );
      yield page;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /** @throws CommandFailure for any answer that is no success, and for none */
  async call<Answer>(method: string, path: string, request: ApiRequest): Promise<Answer> {
    const pauses = request.repeatable ? PAUSES_MILLISECONDS : PAUSES_MILLISECONDS.slice(0, 1);
    let failure: CommandFailure | undefined;
    for (const pause of pauses) {
      await wait(pause, undefined, { signal: this.#options.signal });
      try {
        return await this.#withNonce(method, path, request);
      } catch (error) {
        if (!(error instanceof CommandFailure) || error.outcome !== 'unavailable') throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** RFC 9449 §8, §9: a refusal gives the nonce that the proof is to be made with. */
  async #withNonce<Answer>(method: string, path: string, request: ApiRequest): Promise<Answer> {
    const nonceBefore = this.#nonce;
    let response = await this.#send(method, path, request);
    if (this.#nonce !== nonceBefore && (await asksForNonce(response)))
      response = await this.#send(method, path, request);
    return read(response, this.#options.url);
  }

  async #send(method: string, path: string, { body, form, headers }: ApiRequest): Promise<Response> {
    const { url, signal } = this.#options;
    const sent = {
      ...(await this.#credentials(method, path)),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    try {
      const response = await fetch(url + path, {
        method,
        headers: sent,
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MILLISECONDS)]),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
      });
      this.#nonce = response.headers.get('dpop-nonce') ?? this.#nonce;
      return response;
    } catch (cause) {
      signal.throwIfAborted();
      throw new CommandFailure(
        'unavailable',
        `Sallyport does not answer at ${url}. Is it running, and is this its address (--api, SALLYPORT_API)?`,
        { cause },
      );
    }
  }

  async #credentials(method: string, path: string): Promise<Record<string, string>> {
    const { url: base, token, key } = this.#options;
    if (key === undefined) return token === undefined ? {} : { authorization: `Bearer ${token}` };
    const { origin, pathname } = new URL(base + path);
    const proof = await key.prove({ method, url: origin + pathname, token, nonce: this.#nonce });
    return { dpop: proof, ...(token === undefined ? {} : { authorization: `DPoP ${token}` }) };
  }
}

async function asksForNonce(response: Response): Promise<boolean> {
  if (response.headers.get('www-authenticate')?.includes('use_dpop_nonce')) return true;
  if (response.status !== 400) return false;
  const { error } = (await response
    .clone()
    .json()
    .catch(() => ({}))) as { error?: unknown };
  return error === 'use_dpop_nonce';
}

async function read<Answer>(response: Response, url: string): Promise<Answer> {
  const text = await response.text();
  const document = parsed(text);
  if (response.ok && (text === '' || document !== undefined)) return document as Answer;
  if (document === undefined || response.ok) {
    throw new CommandFailure(
      response.status >= 500 ? 'unavailable' : 'failed',
      `What answers at ${url} does not answer as Sallyport does (status ${response.status}). Is this its address?`,
    );
  }
  const problem = document as Problem;
  throw new CommandFailure(outcomeOf(response.status), explainProblem(response, problem), {
    document: problem,
  });
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function outcomeOf(status: number): Outcome {
  if (status >= 500 || status === 429) return 'unavailable';
  if (status === 401) return 'notAuthenticated';
  if (status === 404) return 'notFound';
  return status === 400 || status === 413 ? 'usage' : 'refused';
}
