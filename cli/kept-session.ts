import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { JWK } from 'jose';
import { CommandFailure } from './command-failure.ts';

/** What `login` keeps for the commands after it. */
export interface KeptSession {
  /** Whose token it is: it is shown to no other. */
  readonly api: string;
  readonly token: string;
  readonly expiresAtEpochSeconds: number;
  /** The key that the token is bound to, if it is. */
  readonly privateJwk?: JWK;
}

const OWNER_ONLY_FILE = 0o600;
const OWNER_ONLY_DIRECTORY = 0o700;
const OTHERS = 0o077;

/** Where state of programs is kept (XDG Base Directory Specification 0.8). */
export function sessionFile(environment: NodeJS.ProcessEnv): string {
  const state = environment['XDG_STATE_HOME'] || join(homedir(), '.local', 'state');
  return join(state, 'sallyport', 'session.json');
}

/**
 * What was kept, if anything was.
 * @throws CommandFailure where others than its owner could have read or changed it
 */
export function readSession(file: string): KeptSession | undefined {
  let content: string;
  try {
    if ((statSync(file).mode & OTHERS) !== 0)
      throw new CommandFailure(
        'notAuthenticated',
        `${file} is open to others than you, so its session may be theirs, too. Log out, and log in anew.`,
      );
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(content) as KeptSession;
  } catch (cause) {
    throw new CommandFailure('notAuthenticated', `${file} cannot be read. Log in anew.`, { cause });
  }
}

/** Keeps it in the place of what was kept before. At no time is there half a file, or one that others can read. */
export function keepSession(file: string, session: KeptSession): void {
  const directory = dirname(file);
  mkdirSync(directory, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
  chmodSync(directory, OWNER_ONLY_DIRECTORY);
  const next = `${file}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(session)}\n`, { mode: OWNER_ONLY_FILE, flag: 'wx' });
  renameSync(next, file);
}

export function forgetSession(file: string): void {
  rmSync(file, { force: true });
}
