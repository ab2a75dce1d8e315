import document from './deployment.json' with { type: 'json' };

/** Which issuers the demo's Sallyport trusts, and which targets it governs. */
export type DemoDeployment = typeof document;

/** Where `deployment.json` says the identity provider is. */
export const defaultIdentityProviderUrl = 'http://127.0.0.1:8085';

/**
 * The deployment document for an identity provider at another URL than the default. A provider's issuer is
 * the URL it is served at (OpenID Connect Discovery 1.0 §4.3), so each run on a port of its own is an issuer
 * of its own, and several can live on one machine.
 */
export function demoDeployment({ identityProviderUrl }: { identityProviderUrl: string }): DemoDeployment {
  return JSON.parse(JSON.stringify(document).replaceAll(defaultIdentityProviderUrl, identityProviderUrl));
}
