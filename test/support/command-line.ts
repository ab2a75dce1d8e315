import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import type { TokenOptions } from '../../demo/identity-provider-client.ts';
import { type PersonaId, personas } from '../../demo/personas.ts';
import type { World } from '../../demo/world.ts';

/** What the program did, as whoever started it sees it. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What comes through standard input; none if not said. */
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Sent once something was printed on standard error. */
  readonly signal?: NodeJS.Signals;
  /** Of the Node that the program is started with. */
  readonly nodeOptions?: readonly string[];
}

export const PROGRAM = fileURLToPath(new URL('../../bin/sallyport.js', import.meta.url));

/** They hold sessions, of Sallyports that are no more. */
const homes = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
afterAll(() => rmSync(homes, { recursive: true, force: true }));

/** The command line as one user of this machine has it: a process for each command, and a home of its own. */
export class CommandLine {
  readonly stateHome = mkdtempSync(join(homes, 'home-'));
  readonly #apiUrl: string;

  constructor(apiUrl: string) {
    this.#apiUrl = apiUrl;
  }

  get sessionFile(): string {
    return join(this.stateHome, 'sallyport', 'session.json');
  }

  async run(typed: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const child = spawn(process.execPath, [...(options.nodeOptions ?? []), PROGRAM, ...typed], {
      env: {
        PATH: process.env['PATH'],
        SALLYPORT_API: this.#apiUrl,
        XDG_STATE_HOME: this.stateHome,
        ...options.environment,
      },
    });
    const { signal } = options;
    if (signal !== undefined) child.stderr.once('data', () => child.kill(signal));
    child.stdin.end(options.input ?? '');
    const [stdout, stderr, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise<number>((resolve) => child.once('exit', (exitCode) => resolve(exitCode ?? -1))),
    ]);
    return { code, stdout, stderr };
  }

  /** Runs it with `--json`. */
  async json(
    typed: readonly string[],
    options: RunOptions = {},
  ): Promise<Ran & { readonly document: unknown }> {
    const ran = await this.run(['--json', ...typed], options);
    return { ...ran, document: JSON.parse(ran.stdout) };
  }
}

/** The command line of a persona who has logged in. */
export async function commandLineOf(
  world: World,
  persona: PersonaId,
  options: TokenOptions = {},
): Promise<CommandLine> {
  const commandLine = new CommandLine(world.sallyport.apiUrl);
  const type = personas[persona].kind === 'user' ? 'id-token' : 'jwt';
  const ran = await commandLine.run(['login', '--subject-token', '-', '--subject-token-type', type], {
    input: await world.identityProvider.idTokenFor(persona, options),
  });
  if (ran.code !== 0) throw new Error(ran.stderr);
  return commandLine;
}
