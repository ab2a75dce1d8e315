import { type ClientBase, escapeIdentifier } from 'pg';
import type { TargetOf } from '../../../platform/deployment.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import { type AsAdministrator, sqlState, stateOf } from './connection.postgres.ts';

/** For how long a session that was told to end is waited for, one after the other. */
const SESSION_END_MILLISECONDS = 1000;

/**
 * Ends a grant's role: nobody logs in with it from here on, its sessions are cut, what it made belongs to
 * `reassignTo`, and it is gone. Each part can be done again; ending what is gone is success.
 * @throws DependencyUnavailable where the server did not confirm it all
 */
export async function endRole(
  asAdministrator: AsAdministrator,
  target: TargetOf<'postgres'>,
  name: string,
): Promise<void> {
  await asAdministrator(target, async (client) => {
    const role = escapeIdentifier(name);
    try {
      // Who is a member of a role may end its sessions and give away what it owns.
      await client.query(`ALTER ROLE ${role} NOLOGIN; GRANT ${role} TO CURRENT_USER`);
    } catch (error) {
      if (stateOf(error) === sqlState.undefinedObject) return;
      throw error;
    }
    await endSessions(client, name);
    const handOver = `REASSIGN OWNED BY ${role} TO ${escapeIdentifier(target.reassignTo)}; DROP OWNED BY ${role}`;
    for (const database of await databasesWithWhatDependsOn(client, name)) {
      if (database === null || database === target.database) await client.query(handOver);
      else await asAdministrator(target, (other) => other.query(handOver), database);
    }
    // One that was logging in when it was forbidden to is seen by now.
    await endSessions(client, name);
    await client.query(`DROP ROLE IF EXISTS ${role}`);
  });
}

/** All of them are told to end before any is waited for. */
async function endSessions(client: ClientBase, name: string): Promise<void> {
  const sessions = 'FROM pg_stat_activity WHERE usename = $1';
  const told = await client.query(`SELECT pg_terminate_backend(pid) ${sessions}`, [name]);
  if (told.rowCount === 0) return;
  await client.query(`SELECT pg_terminate_backend(pid, ${SESSION_END_MILLISECONDS}) ${sessions}`, [name]);
  // What those answered does not tell: a session that had just ended could not be told to.
  const left = await client.query(`SELECT ${sessions}`, [name]);
  if (left.rowCount !== 0) throw new DependencyUnavailable('A session of the role did not end in time');
}

/**
 * Where it owns anything, or was given a right: a role is one for all databases of a server.
 * @returns their names; `null` for what is of no one database
 */
async function databasesWithWhatDependsOn(client: ClientBase, name: string): Promise<(string | null)[]> {
  const { rows } = await client.query<{ datname: string | null }>(
    `SELECT DISTINCT datname
       FROM pg_shdepend
       JOIN pg_roles ON pg_roles.oid = refobjid
       LEFT JOIN pg_database ON pg_database.oid = dbid
      WHERE refclassid = 'pg_authid'::regclass AND rolname = $1`,
    [name],
  );
  return rows.map(({ datname }) => datname);
}
