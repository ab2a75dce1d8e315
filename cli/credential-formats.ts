import type * as z from 'zod';
import type { ClaimedCredentialDocument } from '../lambdas/minting/grants.routes.ts';

export type ClaimedCredential = z.infer<typeof ClaimedCredentialDocument>;

/** How a credential can be printed; each is exact, so that it can be piped on. */
export const credentialFormats = ['text', 'json', 'env'] as const;
export type CredentialFormat = (typeof credentialFormats)[number];

/** The names that the clients of a target look for themselves, by the part that tells whose they are. */
const environmentNames = [
  {
    // The AWS SDKs and CLI.
    toldBy: 'secret_access_key',
    names: {
      access_key_id: 'AWS_ACCESS_KEY_ID',
      secret_access_key: 'AWS_SECRET_ACCESS_KEY',
      session_token: 'AWS_SESSION_TOKEN',
    },
  },
  {
    // libpq, PostgreSQL §32.15.
    toldBy: 'database',
    names: {
      username: 'PGUSER',
      password: 'PGPASSWORD',
      host: 'PGHOST',
      port: 'PGPORT',
      database: 'PGDATABASE',
    },
  },
] as const;

/** A credential in one of the formats, with a line's end after it. */
export function formatCredential(claimed: ClaimedCredential, format: CredentialFormat): string {
  if (format === 'json') return `${JSON.stringify(claimed, null, 2)}\n`;
  const parts = partsOf(claimed);
  if (format === 'env') {
    return Object.entries(environmentOf(parts))
      .map(([name, value]) => `export ${name}=${shellQuoted(value)}\n`)
      .join('');
  }
  const values = Object.entries(parts);
  const [only] = values;
  if (values.length === 1 && only !== undefined) return `${only[1]}\n`;
  return values.map(([name, value]) => `${name}: ${value}\n`).join('');
}

/** A token is one part; so is the name of the secret that the grantee's own AWS role fetches instead. */
function partsOf({
  access_token: accessToken,
  credential,
  secret,
}: ClaimedCredential): Record<string, string> {
  if (accessToken !== undefined) return { access_token: accessToken };
  return credential ?? { secret: secret ?? '' };
}

function environmentOf(parts: Readonly<Record<string, string>>): Record<string, string> {
  const known: Readonly<Record<string, string>> =
    environmentNames.find(({ toldBy }) => toldBy in parts)?.names ?? {};
  return Object.fromEntries(
    Object.entries(parts).map(([name, value]) => [
      known[name] ?? `SALLYPORT_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`,
      value,
    ]),
  );
}

/** One word of a shell, whatever is in it (POSIX.1-2024, Shell Command Language §2.2.2). */
export function shellQuoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
