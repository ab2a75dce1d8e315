import { execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const VERSION = '1.5.33';

/** `cryptography` is what its KMS signs with. */
const PACKAGES = [`ministack==${VERSION}`, 'cryptography>=41.0'];

const USUAL_PORT = 4566;
const LONGEST_START_MILLISECONDS = 60_000;
const LONGEST_STOP_MILLISECONDS = 10_000;

/** A Python that MiniStack runs on and that can make environments; undefined where the machine has none. */
export function findPython(): string | undefined {
  const suitable = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))';
  return ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'].find(
    (python) => succeeds(python, ['-c', suitable]),
  );
}

/** Makes the environment that holds MiniStack, unless `cache` has it. Returns its Python. */
export function installMinistack(python: string, cache: string): string {
  const directory = join(cache, `ministack-${VERSION}`);
  const own = (environment: string) => join(environment, 'bin', 'python');
  if (existsSync(directory) && succeeds(own(directory), ['-c', 'import ministack, cryptography']))
    return own(directory);
  // Whole or not there.
  const unfinished = `${directory}.${process.pid}`;
  try {
    execFileSync(python, ['-m', 'venv', unfinished], { stdio: 'inherit' });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PACKAGES];
    execFileSync(own(unfinished), pip, { stdio: 'inherit' });
    rmSync(directory, { recursive: true, force: true });
    renameSync(unfinished, directory);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return own(directory);
}

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface Ministack {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts it with IAM enforced, keeping all that it writes below `directory`. */
export async function startMinistack(python: string, directory: string, logFile: string): Promise<Ministack> {
  const port = (await freePort(USUAL_PORT)) ?? (await freePort(0)) ?? 0;
  mkdirSync(directory);
  const log = openSync(logFile, 'a');
  const options: SpawnOptions = {
    // It starts a process for each function: all of them are one group, and end together.
    detached: true,
    stdio: ['ignore', log, log],
    env: {
      // The functions run on the first `node` of this path.
      PATH: process.env['PATH'],
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      AUTH: 'true',
      // They would listen at ports of their own for services that are not used here.
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      TMPDIR: directory,
      STATE_DIR: join(directory, 'state'),
      S3_DATA_DIR: join(directory, 's3'),
    },
  };
  const ministack = spawn(python, ['-c', 'from ministack.app import main; main()'], options);
  const ended = once(ministack, 'exit');
  const signal = (name: NodeJS.Signals) => {
    try {
      if (ministack.pid !== undefined) process.kill(-ministack.pid, name);
    } catch {
      // All of them have ended.
    }
  };
  const stop = async () => {
    signal('SIGTERM');
    await Promise.race([ended, wait(LONGEST_STOP_MILLISECONDS)]);
    signal('SIGKILL');
    await ended;
  };
  try {
    await Promise.race([
      answering(port),
      ended.then(([code]) => Promise.reject(new Error(`MiniStack ended with ${code} when it was started`))),
    ]);
    return { port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function answering(port: number): Promise<void> {
  const givesUpAt = performance.now() + LONGEST_START_MILLISECONDS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/_ministack/health`).catch(() => undefined);
    if (answer?.ok) return;
    if (performance.now() > givesUpAt) throw new Error('MiniStack does not answer');
    await wait(100);
  }
}

/** The port, or any free one for 0; undefined if somebody has it. */
async function freePort(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}
