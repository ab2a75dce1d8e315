import type { Material } from '../lambdas/minting/connector.port.ts';
import { type DemoAddresses, defaultAddresses } from './deployment.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

/** The systems whose addresses Sallyport has to be told before it starts. */
export interface Backends {
  /** Where those are that were started. */
  readonly addresses: Partial<DemoAddresses>;
  /** What Sallyport administers them with, by the target's id; it goes into Secrets Manager. */
  readonly administratorSecrets: Readonly<Record<string, Material>>;
  /** The server of the orders database, on a machine that has PostgreSQL. */
  readonly postgres: PostgresServer | undefined;
  stop(): Promise<void>;
}

/** @param ports `default` for those of `deployment.json`, `any` for free ones */
export async function startBackends(ports: 'default' | 'any'): Promise<Backends> {
  const postgres = await startPostgres({ port: ports === 'any' ? 0 : defaultAddresses.postgresPort });
  return {
    addresses: postgres === undefined ? {} : { postgresPort: postgres.port },
    administratorSecrets: postgres === undefined ? {} : { 'orders-db': { ...postgres.administrator } },
    postgres,
    stop: async () => {
      await postgres?.stop();
    },
  };
}

/** The port of a default address, or 0 for any. */
export function portFor(
  url: (typeof defaultAddresses)['clusterUrl' | 'codeHostUrl' | 'vendorUrl' | 'signalReceiverUrl'],
  ports: 'default' | 'any',
): number {
  return ports === 'any' ? 0 : Number(new URL(url).port);
}
