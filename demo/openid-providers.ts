import { randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { type ClientMetadata, type Configuration, type ResourceServer } from 'oidc-provider';
import { deployJob, isPersonaId, personas } from './personas.ts';
import { createProviderStore } from './provider-store.ts';

/** Where a person's client would take the authorization code; whoever drives the sign-in reads it there. */
export const REDIRECT_URI = 'http://127.0.0.1/callback';

/** An OAuth resource is a URI (RFC 8707 §2), an audience of ours a plain name: this is the one in the other. */
export const resourceOf = (audience: string) => `urn:demo:${audience}`;

const MINUTES = 60;

/** `wiki` is there to be refused: an application of the same company, whose tokens are not for Sallyport. */
const userClients = ['sallyport-web', 'sallyport-desktop', 'wiki'];

export type ClientSecrets = ReadonlyMap<string, string>;

/** Client secrets of this run. */
export function generateClientSecrets(clientIds: readonly string[]): ClientSecrets {
  return new Map(clientIds.map((id) => [id, randomBytes(32).toString('base64url')]));
}

async function baseConfiguration(clients: ClientMetadata[]): Promise<Configuration> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return {
    adapter: createProviderStore(),
    clients,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    ttl: {
      AccessToken: 10 * MINUTES,
      AuthorizationCode: MINUTES,
      ClientCredentials: 10 * MINUTES,
      Grant: 10 * MINUTES,
      IdToken: 10 * MINUTES,
      Interaction: 10 * MINUTES,
      Session: 10 * MINUTES,
    },
    renderError: (context, { error, error_description }) => {
      context.type = 'text/plain';
      context.body = [error, error_description].filter(Boolean).join(': ');
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource): ResourceServer => ({
          scope: '',
          audience: resource.slice(resourceOf('').length),
          accessTokenFormat: 'jwt',
        }),
      },
    },
  };
}

/** Each secret is a client that speaks for itself (RFC 6749 §4.4) and gets an RFC 9068 access token. */
function machineClients(secrets: ClientSecrets): ClientMetadata[] {
  return [...secrets].map(([client_id, client_secret]) => ({
    client_id,
    client_secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  }));
}

/**
 * The company's identity provider. People sign in at clients named for their channel; the audience of an ID
 * token is the client it was issued to. Its sign-in believes `login_hint` about who it is and `amr` (a
 * parameter of its own) about how they authenticated, and asks for no consent, so that a program can drive it.
 */
export async function createCompanyProvider(issuer: string, secrets: ClientSecrets): Promise<Provider> {
  const people = userClients.map(
    (client_id): ClientMetadata => ({
      client_id,
      token_endpoint_auth_method: 'none',
      redirect_uris: [REDIRECT_URI],
    }),
  );
  return new Provider(issuer, {
    ...(await baseConfiguration([...people, ...machineClients(secrets)])),
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time', 'name', 'email'] },
    conformIdTokenClaims: false,
    extraParams: ['amr'],
    interactions: { url: (_context, interaction) => `/sign-in/${interaction.uid}` },
    findAccount: (_context, accountId) => {
      const persona = isPersonaId(accountId) ? personas[accountId] : undefined;
      if (persona?.kind !== 'user') return undefined;
      const { name, email } = persona;
      return { accountId, claims: () => ({ sub: accountId, name, email }) };
    },
    loadExistingGrant: async ({ oidc }) => {
      const clientId = oidc.client?.clientId;
      const accountId = oidc.session?.accountId;
      if (clientId === undefined || accountId === undefined) return undefined;
      const grant = new oidc.provider.Grant({ clientId, accountId });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  });
}

/**
 * The CI system's issuer. Its tokens describe the job that they were issued to, as those of GitHub Actions
 * do; a token request may say in `job` how its run differs from the usual one (another branch, say).
 */
export async function createCiProvider(issuer: string, secrets: ClientSecrets): Promise<Provider> {
  return new Provider(issuer, {
    ...(await baseConfiguration(machineClients(secrets))),
    extraTokenClaims: ({ oidc }) => ({ ...deployJob, ...JSON.parse(String(oidc.body?.['job'] ?? '{}')) }),
    formats: {
      customizers: {
        jwt: (_context, _token, parts) => {
          const { repository, environment } = parts.payload;
          parts.header = { typ: 'JWT' };
          parts.payload['sub'] = `repo:${repository}:environment:${environment}`;
        },
      },
    },
  });
}
