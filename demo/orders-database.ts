import type { Client } from 'pg';
import type { ApiClient } from './api-client.ts';
import { findPostgres, type PostgresServer } from './postgres-server.ts';
import type { EmbeddedWorld } from './world.ts';

/** Why a scenario with the orders database cannot be played, on such a machine. */
export function lacksPostgres(): string | undefined {
  return findPostgres() === undefined ? 'there is no PostgreSQL on this machine' : undefined;
}

export function ordersServer({ backends }: EmbeddedWorld): PostgresServer {
  if (backends.postgres === undefined) throw new Error(lacksPostgres());
  return backends.postgres;
}

/** A grant to the orders database, and the login that its claim delivered. */
export interface OrdersAccess {
  readonly requestId: string;
  readonly grantId: string;
  readonly login: { readonly username: string; readonly password: string };
}

/** Asks for access that policy alone permits, and claims it. */
export async function accessOrders(
  client: ApiClient,
  permissions: readonly string[],
  duration: string,
): Promise<OrdersAccess> {
  const { body } = await client.post('/v1/access-requests', {
    target: 'orders-db',
    permissions,
    duration,
    justification: 'Release 42',
  });
  const task = await client.follow(body.task.id, ({ status }) => status !== 'pending');
  const claimed = await client.post(`/v1/grants/${task.grant?.id}/credential`);
  if (claimed.status !== 200) throw new Error(`The claim was answered with ${claimed.status}`);
  return { requestId: task.id, grantId: task.grant.id, login: claimed.body.credential };
}

/** Whether a session goes on, or what it is told. */
export async function goesOn(session: Client): Promise<string> {
  return session.query('SELECT 1').then(
    () => 'goes on',
    () => 'cut',
  );
}

/** @returns the SQLSTATE that a login is refused with, or `accepted` */
export async function tryLogin(server: PostgresServer, login: OrdersAccess['login']): Promise<string> {
  return server
    .as(login, async () => 'accepted')
    .catch((error: Error & { code?: string }) => error.code ?? error.message);
}

export async function hasRole(server: PostgresServer, name: string): Promise<boolean> {
  return server.as(server.superuser, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
    return rowCount === 1;
  });
}
