import { Socket } from 'node:net';
import { Client, DatabaseError } from 'pg';
import * as z from 'zod';
import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { AdministratorSecrets } from '../../administrator-secrets.port.ts';

/** How long all that is done over one connection may take: a function has 15 seconds, for more than this. */
const DEADLINE_MILLISECONDS = 5000;
/** The server gives up before its client does, so that nothing goes on that nobody waits for. */
const STATEMENT_TIMEOUT_MILLISECONDS = 4000;

/** SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
export const sqlState = {
  invalidAuthorization: '28000',
  invalidPassword: '28P01',
  duplicateObject: '42710',
  undefinedObject: '42704',
  insufficientPrivilege: '42501',
  tooManyConnections: '53300',
} as const;

/** Who logs in. */
export const Login = z.object({ username: z.string().min(1), password: z.string().min(1) });
export type Login = z.infer<typeof Login>;

type Database = Pick<TargetOf<'postgres'>, 'host' | 'port' | 'database' | 'certificateAuthority'>;

/**
 * Does something over a connection of its own, which is closed then.
 * @throws Error of the driver's, as it comes: `DatabaseError` where it is the server that refuses
 */
export async function connected<Done>(
  { host, port, database, certificateAuthority }: Database,
  { username, password }: Login,
  act: (client: Client) => Promise<Done>,
): Promise<Done> {
  const socket = new Socket();
  const deadline = setTimeout(() => {
    socket.destroy(new Error('The database took too long'));
  }, DEADLINE_MILLISECONDS);
  const client = new Client({
    host,
    port,
    database,
    user: username,
    password,
    // Told of an authority, it verifies the server's certificate and its name by it.
    ssl: certificateAuthority === undefined ? false : { ca: certificateAuthority },
    stream: () => socket,
    statement_timeout: STATEMENT_TIMEOUT_MILLISECONDS,
    // Nothing that somebody has put into a schema takes the place of the server's own.
    options: '-c search_path=pg_catalog',
    application_name: 'sallyport',
  });
  // What ends the connection also ends what waits for it; unheard, it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return await act(client);
  } finally {
    await client.end().catch(() => {});
    clearTimeout(deadline);
    socket.destroy();
  }
}

/**
 * Does something as the administrator of a target.
 * @param database another one of the same server, if not the target's
 * @throws DependencyUnavailable where the server did not confirm it, or its administrator is not permitted to
 */
export async function asAdministrator<Done>(
  secrets: AdministratorSecrets,
  target: TargetOf<'postgres'>,
  act: (client: Client) => Promise<Done>,
  database: string = target.database,
): Promise<Done> {
  const held = Login.safeParse(await secrets.read(target.id));
  if (!held.success)
    throw new DependencyUnavailable(
      `The administrator's secret of ${target.id} needs a username and a password`,
    );
  try {
    return await connected({ ...target, database }, held.data, act);
  } catch (cause) {
    throw cause instanceof DependencyUnavailable ? cause : unconfirmed(target.id, cause);
  }
}

function unconfirmed(targetId: string, cause: unknown): DependencyUnavailable {
  switch (stateOf(cause)) {
    case sqlState.insufficientPrivilege:
      return new DependencyUnavailable(`The administrator of ${targetId} lacks a privilege`, { cause });
    case sqlState.undefinedObject:
      return new DependencyUnavailable(`${targetId} has no role of a name that its deployment says`, {
        cause,
      });
    default:
      return new DependencyUnavailable(`The database of ${targetId} did not confirm the call`, { cause });
  }
}

/** The SQLSTATE that a server refused with, if it is the server that did. */
export function stateOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}
