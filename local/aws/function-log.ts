import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a function writes to its standard output and error. */
export interface FunctionLog {
  write(text: string): void;
  read(): string;
}

/** Enough for any test; a runtime in memory must not grow without end. */
const MOST_CHARACTERS_IN_MEMORY = 4_000_000;

export function logToFile(path: string): FunctionLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const write = (text: string): void => appendFileSync(path, text, { mode: 0o600 });
  write('');
  return { write, read: () => readFileSync(path, 'utf8') };
}

export function logToMemory(): FunctionLog {
  let log = '';
  return {
    write: (text) => {
      log = (log + text).slice(-MOST_CHARACTERS_IN_MEMORY);
    },
    read: () => log,
  };
}
