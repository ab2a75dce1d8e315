import { findPostgres, type PostgresServer, startPostgres } from '../../demo/postgres-server.ts';
import type { Material, MintedCredential } from '../../lambdas/minting/connector.port.ts';
import { Login } from '../../lambdas/minting/connectors/postgres/connection.postgres.ts';
import { postgresMinter } from '../../lambdas/minting/connectors/postgres/minter.postgres.ts';
import { postgresRevoker } from '../../lambdas/minting/connectors/postgres/revoker.postgres.ts';
import type { TargetOf } from '../../lambdas/platform/deployment.ts';

/** Why what needs PostgreSQL is skipped, on a machine where it is. */
export const noPostgres =
  findPostgres() === undefined
    ? 'there is no PostgreSQL on this machine (initdb and postgres, on the PATH or in /usr/lib/postgresql)'
    : undefined;
// A reporter need not tell why a test is skipped.
if (noPostgres !== undefined) process.stderr.write(`Skipped: ${noPostgres}\n`);

/** What a permission lets one do; each is undone. */
const uses: Readonly<Record<string, string>> = {
  'orders:read': 'SELECT count(*) FROM orders.orders',
  'orders:write': "INSERT INTO orders.orders (item) VALUES ('a compass')",
  'orders:migrate': 'CREATE TABLE orders.attempt (id int)',
};

/** The connector, with a database that is really there. */
export interface OrdersDatabase {
  readonly server: PostgresServer;
  readonly target: TargetOf<'postgres'>;
  readonly minter: ReturnType<typeof postgresMinter>;
  readonly revoker: ReturnType<typeof postgresRevoker>;
  /** The permissions whose use succeeds with a credential. */
  usable(material: Material): Promise<readonly string[]>;
  /** The names of the grants' roles that are there. */
  roles(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export function ordersTarget(port: number): TargetOf<'postgres'> {
  return {
    id: 'orders-db',
    name: 'Orders database',
    system: 'orders',
    environment: 'production',
    maximumDuration: 'PT8H',
    connector: 'postgres',
    host: '127.0.0.1',
    port,
    database: 'orders',
    reassignTo: 'orders_leftovers',
    connectionLimit: 3,
    permissions: {
      'orders:read': { role: 'orders_reader' },
      'orders:write': { role: 'orders_writer' },
      'orders:migrate': { role: 'orders_migrator' },
    },
  };
}

export async function startOrdersDatabase(
  options: Partial<Parameters<typeof startPostgres>[0]> = {},
): Promise<OrdersDatabase> {
  const server = await startPostgres({ port: 0, ...options });
  if (server === undefined) throw new Error(noPostgres);
  const target = ordersTarget(server.port);
  const secrets = { read: async () => ({ ...server.administrator }) };
  return {
    server,
    target,
    minter: postgresMinter(secrets),
    revoker: postgresRevoker(secrets),
    async usable(material) {
      const login = loginOf({ material });
      const tried = await Promise.all(
        Object.entries(uses).map(async ([permission, statement]) => {
          const works = await server
            .as(login, (client) => client.query(`BEGIN; ${statement}; ROLLBACK`))
            .then(
              () => true,
              () => false,
            );
          return works ? [permission] : [];
        }),
      );
      return tried.flat();
    },
    roles: () =>
      server.as(server.superuser, async (client) => {
        const { rows } = await client.query(
          "SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'sallyport-')",
        );
        return rows.map(({ rolname }) => rolname as string);
      }),
    stop: () => server.stop(),
  };
}

/** Who logs in with a credential. */
export function loginOf({ material }: Pick<MintedCredential, 'material'>): Login {
  return Login.parse(material);
}
