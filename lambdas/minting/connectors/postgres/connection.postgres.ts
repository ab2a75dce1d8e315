import { Client, type ClientBase, type ClientConfig, DatabaseError, Pool } from 'pg';
import * as z from 'zod';
import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { AdministratorSecrets } from '../../administrator-secrets.port.ts';

/** A function has 15 seconds, for more than one of these. */
const CONNECT_MILLISECONDS = 3000;
const ACT_MILLISECONDS = 5000;
/** The server gives up before who asked does, so that nothing goes on that nobody waits for. */
const STATEMENT_MILLISECONDS = 4000;
/** A connection costs a server more than a role does. It is kept for the next one, if that comes soon. */
const IDLE_MILLISECONDS = 5000;
/** Of one function, to one database. */
const MOST_CONNECTIONS = 4;

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
 * Does something as the administrator of a target.
 * @param database another one of the same server, if not the target's
 * @throws DependencyUnavailable where the server did not confirm it, or its administrator is not permitted to
 */
export type AsAdministrator = <Done>(
  target: Database & { readonly id: string },
  act: (client: ClientBase) => Promise<Done>,
  database?: string,
) => Promise<Done>;

/** Acts as the administrators of targets, over connections that are kept open for a little while. */
export function administration(secrets: AdministratorSecrets): AsAdministrator {
  const pools = new Map<string, { readonly login: Login; readonly pool: Pool }>();

  return async (target, act, database = target.database) => {
    const held = Login.safeParse(await secrets.read(target.id));
    if (!held.success)
      throw new DependencyUnavailable(
        `The administrator's secret of ${target.id} needs a username and a password`,
      );
    try {
      return await actIn(poolOf({ ...target, database }, held.data), act);
    } catch (cause) {
      throw cause instanceof DependencyUnavailable ? cause : unconfirmed(target.id, cause);
    }
  };

  function poolOf(database: Database, login: Login): Pool {
    const key = JSON.stringify([database.host, database.port, database.database]);
    const known = pools.get(key);
    if (known?.login.username === login.username && known.login.password === login.password)
      return known.pool;
    // What the administrator's secret was before it was rotated is not used any more.
    known?.pool.end().catch(() => {});
    const pool = new Pool({
      ...configurationOf(database, login),
      max: MOST_CONNECTIONS,
      idleTimeoutMillis: IDLE_MILLISECONDS,
      allowExitOnIdle: true,
    });
    // A connection that is lost tells whoever uses it by failing; unheard, it would end the process.
    pool.on('error', () => {});
    pool.on('connect', (client) => client.on('error', () => {}));
    pools.set(key, { login, pool });
    return pool;
  }
}

async function actIn<Done>(pool: Pool, act: (client: ClientBase) => Promise<Done>): Promise<Done> {
  const client = await pool.connect();
  let deadline: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    deadline = setTimeout(() => reject(new Error('The database took too long')), ACT_MILLISECONDS);
  });
  try {
    const done = await Promise.race([act(client), late]);
    client.release();
    return done;
  } catch (error) {
    // Nobody knows what state it is in: it is closed, with whatever goes on in it.
    client.release(true);
    throw error;
  } finally {
    clearTimeout(deadline);
  }
}

/**
 * Logs in, and out again.
 * @throws Error of the driver's, as it comes: `stateOf` tells where it is the server that refuses
 */
export async function logIn(database: Database, login: Login): Promise<void> {
  const client = new Client(configurationOf(database, login));
  client.on('error', () => {});
  try {
    await client.connect();
  } finally {
    await client.end().catch(() => {});
  }
}

/** Says all that would otherwise be taken from the environment. */
function configurationOf(
  { host, port, database, certificateAuthority }: Database,
  { username, password }: Login,
): ClientConfig {
  return {
    host,
    port,
    database,
    user: username,
    password,
    // Told of an authority, the driver verifies the server's certificate and its name by it.
    ssl: certificateAuthority === undefined ? false : { ca: certificateAuthority },
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    statement_timeout: STATEMENT_MILLISECONDS,
    // Nothing that somebody has put into a schema takes the place of the server's own.
    options: '-c search_path=pg_catalog',
    application_name: 'sallyport',
  };
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
