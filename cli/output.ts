import type { CommandFailure } from './command-failure.ts';
import { printable } from './printable.ts';

export interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

export interface OutputOptions {
  /** One JSON document on standard output, whatever happens. */
  readonly json: boolean;
  /** No progress. */
  readonly quiet: boolean;
}

const CLEAR_LINE = '\r\x1b[2K';
const USUAL_COLUMNS = 80;

/** What a command prints: its result on standard output, all else on standard error. */
export class Output {
  readonly #streams: Streams;
  readonly #options: OutputOptions;
  #shown = '';

  constructor(streams: Streams, options: OutputOptions) {
    this.#streams = streams;
    this.#options = options;
  }

  /** The result, once: the API's document for machines, lines for people. */
  result(document: unknown, lines: readonly string[]): void {
    this.#endProgress();
    const written = this.#options.json ? JSON.stringify(document, null, 2) : lines.join('\n');
    if (written !== '') this.#streams.stdout.write(`${written}\n`);
  }

  /** The result as it is: what is piped into something else. */
  raw(content: string): void {
    this.#endProgress();
    this.#streams.stdout.write(content);
  }

  /** What should be known besides the result. */
  note(line: string): void {
    this.#endProgress();
    if (!this.#options.quiet) this.#streams.stderr.write(`${printable(line)}\n`);
  }

  /** How far it is: a line that the next one replaces, or where that cannot be, one more line for each change. */
  progress(line: string): void {
    if (this.#options.quiet || line === this.#shown) return;
    const { stderr } = this.#streams;
    const safe = printable(line);
    if (stderr.isTTY) stderr.write(`${CLEAR_LINE}${safe.slice(0, (stderr.columns ?? USUAL_COLUMNS) - 1)}`);
    else stderr.write(`${safe}\n`);
    this.#shown = line;
  }

  failure({ message, outcome, document }: CommandFailure): void {
    this.#endProgress();
    this.#streams.stderr.write(`${message}\n`);
    if (!this.#options.json) return;
    const error = { outcome, message, ...(document === undefined ? {} : { problem: document }) };
    this.#streams.stdout.write(`${JSON.stringify({ error }, null, 2)}\n`);
  }

  #endProgress(): void {
    if (this.#shown !== '' && this.#streams.stderr.isTTY) this.#streams.stderr.write(CLEAR_LINE);
    this.#shown = '';
  }
}
