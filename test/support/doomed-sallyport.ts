import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demoDirectory } from '../../demo/directory.ts';
import { type Runtime, type RuntimeOptions, startRuntime } from '../../local/runtime.ts';
import { seedDirectory } from '../../local/seed-directory.ts';

type DoomedOptions = Omit<RuntimeOptions, 'clock'>;

/** What its process says of a Sallyport once it is ready. */
export type ReachedSallyport = Pick<Runtime, 'apiUrl' | 'dynamoDbUrl' | 'client' | 'resources'>;

/** A Sallyport with the demo's people in a process of its own, that ends as a crash ends it. */
export interface DoomedSallyport {
  /** Rejects where it ends before it is ready. */
  readonly ready: Promise<ReachedSallyport>;
  /** Rejects where it ends without being killed. */
  readonly end: Promise<void>;
  /**
   * SIGKILL. The processes that it has started are killed with it, as when the machine goes; or are left to find
   * out by themselves, as when only the one is killed.
   */
  kill(what?: 'all' | 'only itself'): Promise<void>;
}

/** Those who are doomed are many and short-lived, and most of a short life goes into compiling. */
const COMPILED = join(import.meta.dirname, '..', '..', '.cache', 'compiled');
const COMPILED_IS_KEPT_EVERY_MILLISECONDS = 1_000;

export function startDoomed(options: DoomedOptions): DoomedSallyport {
  const child = fork(fileURLToPath(import.meta.url), [JSON.stringify(options)], {
    execArgv: [],
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
  });
  let isKilled = false;
  const end = once(child, 'exit').then(([code]) => {
    if (!isKilled) throw new Error(`Sallyport has ended by itself: exit code ${code}`);
  });
  const ready = Promise.race([
    once(child, 'message').then(([reached]) => reached as ReachedSallyport),
    end.then(() => Promise.reject(new Error('Sallyport was killed before it was ready'))),
  ]);
  // Not everybody waits for the one or the other.
  ready.catch(() => {});
  end.catch(() => {});
  return {
    ready,
    end,
    kill: async (what = 'all') => {
      isKilled = true;
      const companions = what === 'all' ? childrenOf(child) : [];
      child.kill('SIGKILL');
      for (const pid of companions) killIfAlive(pid);
      await end.catch(() => {});
    },
  };
}

/** Where a machine has no /proc, its database ends by itself soon after. */
function childrenOf({ pid, exitCode, signalCode }: ChildProcess): number[] {
  if (exitCode !== null || signalCode !== null) return [];
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.send !== undefined) {
  process.once('disconnect', () => process.exit());
  const runtime = await startRuntime(JSON.parse(process.argv[2] ?? '{}') as DoomedOptions);
  await seedDirectory(runtime, demoDirectory);
  // Node would do it when the process ends, which this one never does by itself.
  setInterval(flushCompileCache, COMPILED_IS_KEPT_EVERY_MILLISECONDS);
  const { apiUrl, dynamoDbUrl, client, resources } = runtime;
  process.send({ apiUrl, dynamoDbUrl, client, resources } satisfies ReachedSallyport);
}
