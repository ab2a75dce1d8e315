import type { Material } from '../lambdas/minting/connector.port.ts';
import type { DemoAddresses, defaultAddresses } from './deployment.ts';

/** The systems whose addresses Sallyport has to be told before it starts. */
export interface Backends {
  /** Where those are that were started. */
  readonly addresses: Partial<DemoAddresses>;
  /** What Sallyport administers them with, by the target's id; it goes into Secrets Manager. */
  readonly administratorSecrets: Readonly<Record<string, Material>>;
  stop(): Promise<void>;
}

/** @param ports `default` for those of `deployment.json`, `any` for free ones */
export async function startBackends(_ports: 'default' | 'any'): Promise<Backends> {
  return { addresses: {}, administratorSecrets: {}, stop: async () => {} };
}

/** The port of a default address, or 0 for any. */
export function portFor(
  url: (typeof defaultAddresses)['clusterUrl' | 'codeHostUrl' | 'vendorUrl' | 'signalReceiverUrl'],
  ports: 'default' | 'any',
): number {
  return ports === 'any' ? 0 : Number(new URL(url).port);
}
