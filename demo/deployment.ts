import document from './deployment.json' with { type: 'json' };

/** Which issuers the demo's Sallyport trusts, and which targets it governs. */
export type DemoDeployment = typeof document;

/** Where `deployment.json` says everything is that Sallyport has to be told of. */
export const defaultAddresses = {
  identityProviderUrl: 'http://127.0.0.1:8085',
  /** The API server of the Kubernetes cluster. */
  clusterUrl: 'http://127.0.0.1:8093',
  /** GitHub's API. */
  codeHostUrl: 'http://127.0.0.1:8094',
  /** The PostgreSQL server. */
  postgresPort: 8095,
  /** A vendor whose API keys and OAuth clients are rotated over HTTP. */
  vendorUrl: 'http://127.0.0.1:8096',
  /** Who is told of revocations. */
  signalReceiverUrl: 'http://127.0.0.1:8097',
} as const;

export type DemoAddresses = {
  readonly [Name in keyof typeof defaultAddresses]: (typeof defaultAddresses)[Name] extends number
    ? number
    : string;
};

/**
 * The deployment document for what is at other addresses than the default. A provider's issuer is the URL it is
 * served at (OpenID Connect Discovery 1.0 §4.3), so each run on ports of its own is an issuer of its own, and several
 * can live on one machine.
 */
export function demoDeployment(addresses: Partial<DemoAddresses>): DemoDeployment {
  const places = { ...defaultAddresses, ...addresses };
  let text = JSON.stringify(document);
  for (const [name, place] of Object.entries(defaultAddresses)) {
    const other = places[name as keyof DemoAddresses];
    text =
      typeof place === 'string'
        ? text.replaceAll(place, String(other))
        : text.replaceAll(`"port":${place}`, `"port":${other}`);
  }
  return JSON.parse(text);
}
