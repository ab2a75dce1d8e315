import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a function writes to its standard output and error. */
export interface FunctionLog {
  write(text: string): void;
  read(): string;
  close(): void;
}

/** Enough for any test; a runtime in memory must not grow without end. */
const MOST_CHARACTERS_IN_MEMORY = 4_000_000;

export function logToFile(path: string): FunctionLog {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Kept open, for opening costs more than writing a line.
  let file: number | undefined = openSync(path, 'a', 0o600);
  return {
    write: (text) => {
      // An execution may still call a function in the moment in which the runtime stops.
      if (file !== undefined) writeSync(file, text);
    },
    read: () => readFileSync(path, 'utf8'),
    close: () => {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

export function logToMemory(): FunctionLog {
  let log = '';
  return {
    write: (text) => {
      log = (log + text).slice(-MOST_CHARACTERS_IN_MEMORY);
    },
    read: () => log,
    close: () => {},
  };
}
