import type { Material } from '../lambdas/minting/connector.port.ts';
import { type CodeHost, startCodeHost } from './code-host.ts';
import { type DemoAddresses, defaultAddresses } from './deployment.ts';
import { type KubernetesApi, startKubernetesApi } from './kubernetes-api.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { type SignalReceiver, startSignalReceiver } from './signal-receiver.ts';
import { startVendorApi, type VendorApi } from './vendor-api.ts';

/** The systems whose addresses Sallyport has to be told before it starts. */
export interface Backends {
  /** Where those are that were started. */
  readonly addresses: Partial<DemoAddresses>;
  /** What Sallyport administers them with, by the target's id; it goes into Secrets Manager. */
  readonly administratorSecrets: Readonly<Record<string, Material>>;
  /** What receivers of signals want to see, by the name of its secret. */
  readonly receiverSecrets: Readonly<Record<string, string>>;
  /** The server of the orders database, on a machine that has PostgreSQL. */
  readonly postgres: PostgresServer | undefined;
  readonly cluster: KubernetesApi;
  readonly codeHost: CodeHost;
  /** Who is told of revocations, once it is told whose tokens to take. */
  readonly signalReceiver: SignalReceiver;
  /** The vendor whose API keys and OAuth client secrets are rotated. */
  readonly vendor: VendorApi;
  stop(): Promise<void>;
}

interface Stoppable {
  stop(): Promise<void>;
}

/**
 * @param ports `default` for those of `deployment.json`, `any` for free ones
 * @param database whether to start the orders database, too, where this machine has PostgreSQL; it takes more than all else
 */
export async function startBackends(
  ports: 'default' | 'any',
  { database }: { readonly database: boolean },
): Promise<Backends> {
  const started: Stoppable[] = [];
  const start = async <System extends Stoppable | undefined>(starting: Promise<System>): Promise<System> => {
    const system = await starting;
    if (system !== undefined) started.push(system);
    return system;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(started.splice(0).map((system) => system.stop()));
  };
  try {
    const postgres = database
      ? await start(startPostgres({ port: ports === 'any' ? 0 : defaultAddresses.postgresPort }))
      : undefined;
    const cluster = await start(startKubernetesApi({ port: portFor(defaultAddresses.clusterUrl, ports) }));
    const codeHost = await start(startCodeHost({ port: portFor(defaultAddresses.codeHostUrl, ports) }));
    const signalReceiver = await start(
      startSignalReceiver({ port: portFor(defaultAddresses.signalReceiverUrl, ports) }),
    );
    const vendor = await start(startVendorApi({ port: portFor(defaultAddresses.vendorUrl, ports) }));
    return {
      addresses: {
        vendorUrl: vendor.url,
        signalReceiverUrl: signalReceiver.url,
        clusterUrl: cluster.url,
        codeHostUrl: codeHost.url,
        ...(postgres && { postgresPort: postgres.port }),
      },
      administratorSecrets: {
        'parcels-vendor': { token: vendor.administratorToken },
        'shop-cluster': { token: cluster.administratorToken },
        'shop-repositories': { private_key: codeHost.privateKey },
        ...(postgres && { 'orders-db': { ...postgres.administrator } }),
      },
      receiverSecrets: { 'sallyport/receivers/security-desk': signalReceiver.authorization },
      postgres,
      cluster,
      codeHost,
      signalReceiver,
      vendor,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The port of a default address, or 0 for any. */
export function portFor(
  url: (typeof defaultAddresses)['clusterUrl' | 'codeHostUrl' | 'vendorUrl' | 'signalReceiverUrl'],
  ports: 'default' | 'any',
): number {
  return ports === 'any' ? 0 : Number(new URL(url).port);
}
