import { Api } from './api.ts';
import { type ClientKey, clientKeyOf } from './client-key.ts';
import { CommandFailure, usageError } from './command-failure.ts';
import { secondsIn } from './durations.ts';
import type { Outcome } from './exit-codes.ts';
import { type KeptSession, readSession, sessionFile } from './kept-session.ts';
import { Output, type Streams } from './output.ts';
import type { SecretSources } from './secret-input.ts';
import { type Wait, waitFor } from './wait-for.ts';

export const DEFAULT_API = 'http://127.0.0.1:8080';
const DEFAULT_TIMEOUT = '30m';

/** The process that the program runs in, or what a test puts in its place. */
export interface Surroundings extends Streams, SecretSources {
  /** Aborted when the user has had enough. */
  readonly signal: AbortSignal;
}

/** What may stand behind every command. */
export interface GlobalOptions {
  readonly api?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly timeout?: string;
}

/** One call of the program: where it prints, whom it talks to, how long it waits. */
export class Invocation {
  readonly output: Output;
  readonly surroundings: Surroundings;
  readonly sessionFile: string;
  readonly #options: GlobalOptions;
  readonly #timeoutSeconds: number;

  constructor(surroundings: Surroundings, options: GlobalOptions) {
    this.surroundings = surroundings;
    this.#options = options;
    this.#timeoutSeconds = secondsIn(options.timeout ?? DEFAULT_TIMEOUT);
    this.output = new Output(surroundings, { json: options.json === true, quiet: options.quiet === true });
    this.sessionFile = sessionFile(surroundings.environment);
  }

  get isJson(): boolean {
    return this.#options.json === true;
  }

  /** Which Sallyport: `--api`, else `SALLYPORT_API`, else the one that was logged in to, else the local one. */
  get apiUrl(): string {
    const { environment } = this.surroundings;
    return safeUrl(
      this.#options.api ?? environment['SALLYPORT_API'] ?? readSession(this.sessionFile)?.api ?? DEFAULT_API,
    );
  }

  /** Without a token: to log in. */
  openApi(key?: ClientKey): Api {
    return new Api({ url: this.apiUrl, key, signal: this.surroundings.signal });
  }

  /** As whoever `SALLYPORT_TOKEN` is of, else as whoever logged in to this Sallyport. */
  api(): Api {
    const { environment, signal } = this.surroundings;
    const url = this.apiUrl;
    const token = environment['SALLYPORT_TOKEN'];
    return token === undefined ? this.apiAs(this.keptSession()) : new Api({ url, token, signal });
  }

  apiAs({ api, token, privateJwk }: KeptSession): Api {
    const key = privateJwk === undefined ? undefined : clientKeyOf(privateJwk);
    return new Api({ url: api, token, key, signal: this.surroundings.signal });
  }

  /** @throws CommandFailure where nobody is logged in there */
  keptSession(): KeptSession {
    const session = readSession(this.sessionFile);
    const url = this.apiUrl;
    if (session !== undefined && session.api === url) return session;
    throw new CommandFailure(
      'notAuthenticated',
      `You are not logged in to ${url}. Log in: npx sallyport login --subject-token <file, - or env:NAME>.`,
    );
  }

  /** Waits for as long as `--timeout` says, telling how far it is. */
  waitFor<State>(wait: Pick<Wait<State>, 'look' | 'isOver' | 'describe' | 'later'>): Promise<State> {
    return waitFor({
      ...wait,
      progress: (line) => this.output.progress(line),
      timeoutSeconds: this.#timeoutSeconds,
      signal: this.surroundings.signal,
    });
  }
}

/** What a command does. What it returns is the exit code's. */
export type Run<Options> = (
  invocation: Invocation,
  operands: readonly (string | undefined)[],
  options: Options,
) => Promise<Outcome>;

/** Makes of what a command does what commander calls. */
export type Act = <Options>(run: Run<Options>) => (...given: unknown[]) => Promise<void>;

/**
 * Tokens go through TLS, or nowhere beyond this machine.
 * @throws CommandFailure (usage) for anything else
 */
function safeUrl(text: string): string {
  const url = URL.parse(text);
  const isLoopback = ['127.0.0.1', '[::1]', 'localhost'].includes(url?.hostname ?? '');
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)))
    throw usageError(
      `“${text}” is not the address of a Sallyport: it is an https URL, or http on this machine.`,
    );
  if (url.username || url.password || url.search || url.hash)
    throw usageError('The address of a Sallyport has no user, no query and no fragment.');
  return url.href.replace(/\/+$/, '');
}
