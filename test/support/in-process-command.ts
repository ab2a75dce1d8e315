import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { exitCodes, type Outcome } from '../../cli/exit-codes.ts';
import { run } from '../../cli/program.ts';
import type { Ran } from './command-line.ts';

/** Runs the program in this process, as somebody with a token for this API. */
export async function runInProcess(
  apiUrl: string,
  typed: readonly string[],
  { input = '', signal = new AbortController().signal }: { input?: string; signal?: AbortSignal } = {},
): Promise<Ran & { readonly outcome: Outcome }> {
  const [stdout, stderr, standardInput] = [new PassThrough(), new PassThrough(), new PassThrough()];
  standardInput.end(input);
  const outcome = await run(typed, {
    stdout,
    stderr,
    standardInput,
    environment: { SALLYPORT_API: apiUrl, SALLYPORT_TOKEN: 'token', XDG_STATE_HOME: '/nonexistent' },
    signal,
  });
  stdout.end();
  stderr.end();
  return { outcome, code: exitCodes[outcome].code, stdout: await text(stdout), stderr: await text(stderr) };
}
