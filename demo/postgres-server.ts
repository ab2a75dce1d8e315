import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chownSync,
  constants,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, escapeLiteral } from 'pg';
import type { Login } from '../lambdas/minting/connectors/postgres/connection.postgres.ts';
import { freePort } from './loopback-server.ts';

/** Where Debian and its kin put each version of PostgreSQL; its programs are not on the PATH there. */
const DEBIAN_VERSIONS = '/usr/lib/postgresql';
const HOST = '127.0.0.1';
const START_ATTEMPTS = 3;

export interface PostgresServerOptions {
  /** 0 takes any free one. */
  readonly port: number;
  /** A certificate and its key, PEM: the server then takes connections over TLS, too. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

/** A PostgreSQL server of its own, with a database of orders in it. */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  /** Who may do everything. Sallyport does not know it. */
  readonly superuser: Login;
  /** What Sallyport acts with. */
  readonly administrator: Login;
  /** A session of a login, to be ended by who asked for it. */
  logIn(login: Login, database?: string): Promise<Client>;
  /** Does something as a login, over a connection of its own. */
  as<Done>(login: Login, act: (client: Client) => Promise<Done>, database?: string): Promise<Done>;
  /** Stops the server, does something, and starts it again with all that it had. */
  whileDown<Done>(act: () => Promise<Done>): Promise<Done>;
  stop(): Promise<void>;
}

/** What the database is prepared with, as the connector's README says it. */
const PREPARATION = readFileSync(join(import.meta.dirname, 'orders-database.sql'), 'utf8');

/** @returns where the programs of a PostgreSQL are on this machine, or `undefined` where there is none */
export function findPostgres(): string | undefined {
  const onPath = (process.env['PATH'] ?? '').split(delimiter);
  return [...onPath, ...debianDirectories()].find((directory) =>
    ['initdb', 'postgres'].every((program) => isExecutable(join(directory, program))),
  );
}

/** The newest version first. */
function debianDirectories(): string[] {
  try {
    return readdirSync(DEBIAN_VERSIONS)
      .sort((one, other) => Number(other) - Number(one))
      .map((version) => join(DEBIAN_VERSIONS, version, 'bin'));
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts a server in a directory of its own, which goes with it. It stops when it is told to and when this process is
 * over, however that ends.
 * @returns `undefined` on a machine without PostgreSQL
 * @throws Error that says why it did not start
 */
export async function startPostgres({
  port,
  tls,
}: PostgresServerOptions): Promise<PostgresServer | undefined> {
  const programs = findPostgres();
  if (programs === undefined) return undefined;
  const superuser = { username: 'postgres', password: newPassword() };
  const administrator = { username: 'sallyport', password: newPassword() };
  const cluster = makeCluster(programs, superuser, tls);
  let running = await run(cluster, port);
  const logIn: PostgresServer['logIn'] = async ({ username, password }, database = 'orders') => {
    const client = new Client({
      host: HOST,
      port: running.port,
      database,
      user: username,
      password,
      ssl: false,
      connectionTimeoutMillis: 5000,
    });
    // Its session may be ended from the other side, which is heard of by its next query.
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const as: PostgresServer['as'] = async (login, act, database) => {
    const client = await logIn(login, database);
    try {
      return await act(client);
    } finally {
      await client.end();
    }
  };
  try {
    await as(superuser, (client) => client.query('CREATE DATABASE orders'), 'postgres');
    await as(superuser, (client) =>
      client.query(PREPARATION.replace(':password', escapeLiteral(administrator.password))),
    );
  } catch (error) {
    await running.stop('for good');
    throw error;
  }
  return {
    host: HOST,
    port: running.port,
    database: 'orders',
    superuser,
    administrator,
    logIn,
    as,
    whileDown: async (act) => {
      await running.stop('for a while');
      try {
        return await act();
      } finally {
        running = await run(cluster, running.port);
      }
    },
    stop: () => running.stop('for good'),
  };
}

function newPassword(): string {
  return randomBytes(24).toString('base64url');
}

interface Cluster {
  readonly programs: string;
  readonly directory: string;
  readonly settings: readonly string[];
  /** Who the server runs as: it refuses to be root. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

function makeCluster(programs: string, superuser: Login, tls: PostgresServerOptions['tls']): Cluster {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-postgres-'));
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const keep = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    if (user !== undefined) chownSync(path, user.uid, user.gid);
    return path;
  };
  if (user !== undefined) chownSync(directory, user.uid, user.gid);
  const passwordFile = keep('password', superuser.password);
  execFileSync(
    join(programs, 'initdb'),
    [
      ...['-D', join(directory, 'data'), '-U', superuser.username, '-E', 'UTF8', '--locale=C'],
      ...[`--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--no-sync'],
    ],
    { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'], ...user },
  );
  rmSync(passwordFile);
  const settings = [
    `listen_addresses=${HOST}`,
    'unix_socket_directories=',
    // It is gone when it stops: nothing has to outlive a loss of power.
    'fsync=off',
    'full_page_writes=off',
    'max_connections=200',
    ...(tls === undefined
      ? []
      : [
          'ssl=on',
          `ssl_cert_file=${keep('server.crt', tls.certificate)}`,
          `ssl_key_file=${keep('server.key', tls.key)}`,
        ]),
  ];
  return { programs, directory, settings, user };
}

function unprivilegedUser(): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const [, , uid, gid] = (users.find((line) => line.startsWith('nobody:')) ?? '').split(':');
  if (uid === undefined || gid === undefined)
    throw new Error('PostgreSQL refuses to run as root, and there is no user nobody to run it as');
  return { uid: Number(uid), gid: Number(gid) };
}

interface Running {
  readonly port: number;
  stop(until: 'for a while' | 'for good'): Promise<void>;
}

/**
 * A shell between this process and the server: when its input ends, because it is closed or this process is dead, it
 * stops the server and, unless told to keep it, removes what the server had.
 */
const GUARD = `
directory=$1; shift
"$@" & server=$!
read -r wish
kill -INT $server
wait $server
[ "$wish" = keep ] || rm -rf "$directory"`;

async function run(cluster: Cluster, port: number, attempts = START_ATTEMPTS): Promise<Running> {
  const { programs, directory, settings, user } = cluster;
  const chosen = port === 0 ? await freePort() : port;
  const server = [join(programs, 'postgres'), '-D', join(directory, 'data'), '-p', String(chosen)];
  const guard = spawn(
    '/bin/sh',
    ['-c', GUARD, 'guard', directory, ...server, ...settings.flatMap((setting) => ['-c', setting])],
    // In a session of its own: an interruption at the terminal is for this process, which then says when.
    { cwd: directory, stdio: ['pipe', 'ignore', 'pipe'], detached: true, ...user },
  );
  const stop: Running['stop'] = async (until) => {
    if (guard.exitCode !== null || guard.signalCode !== null) return;
    const gone = new Promise((resolve) => guard.once('exit', resolve));
    guard.stdin.end(until === 'for a while' ? 'keep\n' : '\n');
    await gone;
  };
  const complaint = await untilReady(guard);
  if (complaint === undefined) return { port: chosen, stop };
  await stop(port === 0 && attempts > 1 ? 'for a while' : 'for good');
  // Somebody else may have taken the free port meanwhile.
  if (port === 0 && attempts > 1) return run(cluster, port, attempts - 1);
  throw new Error(`PostgreSQL did not start: ${complaint}`);
}

/** @returns what the server said last, if it did not start */
async function untilReady({ stderr }: ChildProcess): Promise<string | undefined> {
  if (stderr === null) throw new Error('The log of the server is not read');
  const lines = createInterface({ input: stderr });
  let last = 'it said nothing';
  for await (const line of lines) {
    if (line.includes('ready to accept connections')) {
      // From here on its log is nobody's; unread, it would stop the server.
      stderr.resume();
      return undefined;
    }
    if (/FATAL|HINT|could not/.test(line)) last = line;
    if (line.includes('FATAL')) break;
  }
  return last;
}
