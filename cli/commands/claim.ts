import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { CommandFailure, usageError } from '../command-failure.ts';
import {
  type ClaimedCredential,
  type CredentialFormat,
  credentialFormats,
  formatCredential,
} from '../credential-formats.ts';
import type { Outcome } from '../exit-codes.ts';
import type { Act, Invocation } from '../invocation.ts';

interface ClaimOptions {
  readonly format: CredentialFormat;
  readonly out?: string;
}

export function addClaim(program: Command, act: Act): void {
  program
    .command('claim')
    .argument('<grant>')
    .description('claim the credential of a grant, once; it is printed and kept nowhere')
    .addOption(
      new Option('--format <format>', 'env: export lines for a shell to evaluate')
        .choices([...credentialFormats])
        .default('text'),
    )
    .option('--out <file>', 'write it to a new file that only you can read')
    .action(act<ClaimOptions>(claim));
}

async function claim(
  invocation: Invocation,
  [grant = '']: readonly (string | undefined)[],
  { format, out }: ClaimOptions,
): Promise<Outcome> {
  const api = invocation.api();
  // A credential is delivered once: that it can be written is found out before.
  const file = out === undefined ? undefined : newFile(out);
  try {
    const claimed = await api.post<ClaimedCredential>(`/v1/grants/${encodeURIComponent(grant)}/credential`);
    const content = formatCredential(claimed, invocation.isJson ? 'json' : format);
    if (file === undefined) invocation.output.raw(content);
    else file.write(content);
    invocation.output.note(notes(claimed, out));
  } catch (error) {
    file?.discard();
    if (error instanceof CommandFailure && error.outcome === 'unavailable')
      throw new CommandFailure(
        error.outcome,
        `${error.message} If the claim was taken all the same, its credential is lost: give the grant back (npx sallyport grants return ${grant}) and ask anew.`,
        { document: error.document },
      );
    throw error;
  }
  return 'done';
}

function notes(
  { grant, scope, expires_in: seconds, secret, token_type: type }: ClaimedCredential,
  out?: string,
) {
  const until = new Date(Date.now() + seconds * 1000).toISOString();
  return [
    `For ${scope}, until ${until}${out === undefined ? '' : `, in ${out}`}.`,
    ...(secret === undefined ? [] : ['It is in Secrets Manager, for your own AWS role to fetch.']),
    ...(type === 'DPoP' ? ['It works only with proofs by the key of your session.'] : []),
    `Give it back when you are done: npx sallyport grants return ${grant}`,
  ].join(' ');
}

function newFile(path: string) {
  const descriptor = (() => {
    try {
      return openSync(path, 'wx', 0o600);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw usageError(
        `${path} cannot be made${code === 'EEXIST' ? ': there is one' : ''}. Nothing was claimed.`,
      );
    }
  })();
  return {
    write: (content: string) => {
      writeSync(descriptor, content);
      closeSync(descriptor);
    },
    discard: () => rmSync(path, { force: true }),
  };
}
