import { randomBytes } from 'node:crypto';
import { type ClientBase, DatabaseError, escapeIdentifier, escapeLiteral } from 'pg';
import type { AdministratorSecrets } from '../../../minting/administrator-secrets.port.ts';
import type { Material } from '../../../minting/connector.port.ts';
import {
  administration,
  Login,
  logIn,
  sqlState,
  stateOf,
} from '../../../minting/connectors/postgres/connection.postgres.ts';
import { scramVerifier } from '../../../minting/connectors/postgres/scram-verifier.ts';
import { DependencyUnavailable } from '../../../platform/failures.ts';
import type { ConnectionOf } from '../../connection.ts';
import type { Rotator, TestAnswer } from '../../rotator.port.ts';
import { CLONE_SUFFIX } from './connection.ts';

type PostgresUser = ConnectionOf<'postgres-user'>;

const PASSWORD_BYTES = 32;
/** The server knows no such user, or not this password. */
const refusals: readonly string[] = [sqlState.invalidAuthorization, sqlState.invalidPassword];
/** Classes of what a server answers once it has accepted a password: a missing database, a missing privilege. */
const ACCEPTED = /^(3D|42)/;

/**
 * Changes the password of a user, or alternates between the user and a clone of it. Who logs in as the clone acts as the
 * user from its first statement on, so that it may do the same and what it makes is the user's.
 */
export function postgresUserRotator(secrets: AdministratorSecrets): Rotator<PostgresUser> {
  const administer = administration(secrets);
  return {
    async make(connection, { current }) {
      const { host, port, database } = connection;
      return {
        username: nextUser(connection, current),
        password: randomBytes(PASSWORD_BYTES).toString('base64url'),
        host,
        port: String(port),
        database,
      };
    },

    async set(connection, pending) {
      const { username, password } = Login.parse(pending);
      const verifier = await scramVerifier(password);
      await asAdministrator(connection, async (client) => {
        if (username !== connection.user) await ensureClone(client, connection.user, username);
        await setPassword(client, username, verifier);
      });
    },

    test: (connection, value) => tryLogin(connection, Login.parse(value)),

    async withdraw(connection, pending, { current, previous }) {
      // What was not kept was not set either.
      if (pending === undefined) return;
      const { username } = pending;
      const before = [current, previous].find((value) => value?.['username'] === username);
      if (before !== undefined) {
        const { password } = Login.parse(before);
        await asAdministrator(connection, async (client) =>
          setPassword(client, Login.parse(before).username, await scramVerifier(password)),
        );
        return;
      }
      // A password that Sallyport never knew goes on working, unless it has been replaced already.
      const { answer } = await tryLogin(connection, Login.parse(pending));
      if (answer === 'unknown') throw new DependencyUnavailable(`${connection.id} did not answer`);
      if (answer !== 'refused') await withoutPassword(connection, Login.parse(pending).username);
    },

    async end(connection, value, current, exposed) {
      const login = Login.parse(value);
      const { answer } = await tryLogin(connection, login);
      if (answer === 'unknown') throw new DependencyUnavailable(`${connection.id} did not answer`);
      if (answer !== 'refused' && login.username !== current['username'])
        await withoutPassword(connection, login.username);
      if (exposed) await asAdministrator(connection, (client) => endSessions(client, login.username));
    },
  };

  function withoutPassword(connection: PostgresUser, username: string): Promise<void> {
    return asAdministrator(connection, (client) => setPassword(client, username, undefined));
  }

  function asAdministrator<Done>(
    connection: PostgresUser,
    act: (client: ClientBase) => Promise<Done>,
  ): Promise<Done> {
    return administer({ ...connection, id: connection.administrator }, act);
  }
}

/** The one of the two that is not in use; at first the clone, so that who uses the user by now goes on. */
function nextUser({ user, strategy }: PostgresUser, current: Material | undefined): string {
  const clone = `${user}${CLONE_SUFFIX}`;
  return strategy === 'single-user' || current?.['username'] === clone ? user : clone;
}

async function ensureClone(client: ClientBase, user: string, clone: string): Promise<void> {
  const [original, made] = [escapeIdentifier(user), escapeIdentifier(clone)];
  try {
    await client.query(
      `CREATE ROLE ${made} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS IN ROLE ${original}`,
    );
  } catch (error) {
    if (stateOf(error) !== sqlState.duplicateObject) throw error;
    await client.query(`GRANT ${original} TO ${made}`);
  }
  await client.query(`ALTER ROLE ${made} SET role = ${escapeLiteral(user)}`);
}

async function setPassword(client: ClientBase, user: string, verifier: string | undefined): Promise<void> {
  const password = verifier === undefined ? 'NULL' : escapeLiteral(verifier);
  await client.query(`ALTER ROLE ${escapeIdentifier(user)} PASSWORD ${password}`);
}

/** Of a user whose password is somebody's who should not have it. Its rightful users log in again. */
async function endSessions(client: ClientBase, user: string): Promise<void> {
  // Who is a member of a role may end its sessions.
  await client.query(`GRANT ${escapeIdentifier(user)} TO CURRENT_USER`);
  await client.query('SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE usename = $1', [
    user,
  ]);
}

async function tryLogin(connection: PostgresUser, login: Login): Promise<TestAnswer> {
  const how = `logging in as ${login.username}`;
  try {
    await logIn(connection, login);
    return { answer: 'works', how: `${how}: accepted` };
  } catch (error) {
    if (!(error instanceof DatabaseError)) return { answer: 'unknown', how: `${how}: no answer` };
    const code = error.code ?? '';
    if (refusals.includes(code)) return { answer: 'refused', how: `${how}: refused (${code})` };
    if (ACCEPTED.test(code)) return { answer: 'useless', how: `${how}: accepted, but not let in (${code})` };
    return { answer: 'unknown', how: `${how}: not answered (${code})` };
  }
}
