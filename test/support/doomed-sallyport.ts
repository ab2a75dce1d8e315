import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type SelfMadeIssuer, startTrusting } from './self-made-issuer.ts';

/** A Sallyport in a process of its own, that ends as a crash ends it. */
export interface DoomedSallyport {
  readonly apiUrl: string;
  /** SIGKILL: nothing of it runs any more when this resolves. */
  kill(): Promise<void>;
}

/** `temporaryDirectory` is for what the process would have removed in the end. */
export async function startDoomed(
  issuer: SelfMadeIssuer,
  dataDirectory: string,
  temporaryDirectory: string,
): Promise<DoomedSallyport> {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), [issuer.url, dataDirectory], {
    execArgv: [],
    env: { ...process.env, TMPDIR: temporaryDirectory },
  });
  const exited = once(child, 'exit');
  const apiUrl = await Promise.race([
    once(child, 'message').then(([message]) => String(message)),
    exited.then(([code]) => Promise.reject(new Error(`Sallyport did not start: exit code ${code}`))),
  ]);
  return {
    apiUrl,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url) && process.send !== undefined) {
  const [, , url = '', dataDirectory = ''] = process.argv;
  const { runtime } = await startTrusting({ url } as SelfMadeIssuer, { dataDirectory });
  process.send(runtime.apiUrl);
}
