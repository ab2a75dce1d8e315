import { exitCodes } from './exit-codes.ts';
import { run } from './program.ts';

const stopped = new AbortController();
// The second time, whoever presses it means it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort());

const outcome = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  standardInput: process.stdin,
  environment: process.env,
  signal: stopped.signal,
});
process.exitCode = exitCodes[outcome].code;
