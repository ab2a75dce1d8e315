import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LINES_QUOTED = 30;

/** Commands that are run one after the other in the repository's root. */
export class Commands {
  readonly #root: string;
  readonly #logDirectory: string;
  #running: ChildProcess | undefined;

  constructor(root: string, logDirectory: string) {
    this.#root = root;
    this.#logDirectory = logDirectory;
  }

  /** Says what was done in one line; what the command has said is in the log of that name. Throws if it failed. */
  async run(title: string, command: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
    const startedAt = performance.now();
    const { exitCode, said } = await this.#logged(title, command, env);
    if (exitCode !== 0)
      throw new Error(`${title} failed:\n${said.split('\n').slice(-LINES_QUOTED).join('\n')}`);
    console.log(`✓ ${title} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
  }

  /** The same of a command that must fail and say why. */
  async runRefused(
    title: string,
    command: readonly string[],
    env: NodeJS.ProcessEnv,
    why: RegExp,
  ): Promise<void> {
    const { exitCode, said } = await this.#logged(title, command, env);
    if (exitCode === 0 || !why.test(said)) throw new Error(`${title}: it was not`);
    console.log(`✓ ${title}`);
  }

  /** Lets the command write to this process's own output. Returns whether it succeeded. */
  async show(command: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
    return (await this.#exitCode(command, env, 'inherit')) === 0;
  }

  stop(): void {
    this.#running?.kill();
  }

  async #logged(title: string, command: readonly string[], env: NodeJS.ProcessEnv) {
    const logFile = join(this.#logDirectory, `${title.replaceAll(/\W+/g, '-')}.log`);
    const log = openSync(logFile, 'w');
    const exitCode = await this.#exitCode(command, env, ['ignore', log, log]);
    return { exitCode, said: readFileSync(logFile, 'utf8').trimEnd() };
  }

  async #exitCode(
    [command = '', ...args]: readonly string[],
    env: NodeJS.ProcessEnv,
    stdio: StdioOptions,
  ): Promise<number | null> {
    const running = spawn(command, args, { cwd: this.#root, env, stdio });
    this.#running = running;
    return new Promise((resolve, reject) => {
      running.once('error', reject);
      running.once('close', resolve);
    });
  }
}
