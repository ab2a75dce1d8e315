import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { usageError } from './command-failure.ts';

/** Where secrets are read from: the process's own, but in tests. */
export interface SecretSources {
  readonly environment: NodeJS.ProcessEnv;
  readonly standardInput: NodeJS.ReadableStream & { readonly isTTY?: boolean };
}

/**
 * A secret from where the command line says that it is: `-` for standard input, `env:NAME`, else a file. Never the
 * secret itself: whoever can list processes sees what they were started with. White space around it is none of it.
 * @throws CommandFailure (usage) where there is none; it does not repeat what was given, which may be a secret after all
 */
export async function readSecret(option: string, source: string, from: SecretSources): Promise<string> {
  const secret = (await contentOf(option, source, from)).trim();
  if (secret === '') throw usageError(`What ${option} names is empty.`);
  return secret;
}

async function contentOf(option: string, source: string, from: SecretSources): Promise<string> {
  if (source === '-') {
    if (from.standardInput.isTTY) process.stderr.write('Paste it, then press Enter and Ctrl-D.\n');
    return text(from.standardInput);
  }
  if (source.startsWith('env:')) {
    const value = from.environment[source.slice('env:'.length)];
    if (value === undefined) throw usageError(`The environment variable that ${option} names is not set.`);
    return value;
  }
  try {
    return readFileSync(source, 'utf8');
  } catch {
    throw usageError(
      `${option} names no file that can be read. It takes a file, - for standard input, or env:NAME; ` +
        'never the secret itself, which other users of this machine could see.',
    );
  }
}
