import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type Provider from 'oidc-provider';
import type { PersonaTokens, TokenOptions } from './identity-provider-client.ts';
import { serveOnLoopback } from './loopback-server.ts';
import { createCiProvider, createCompanyProvider, generateClientSecrets } from './openid-providers.ts';
import { isPersonaId, personas } from './personas.ts';
import { authenticateMachine, completeSignIn, signIn } from './sign-in.ts';

export interface IdentityProvider extends PersonaTokens {
  /** Where it is on this machine. */
  readonly url: string;
  readonly issuer: string;
  readonly ciIssuer: string;
  stop(): Promise<void>;
}

export interface IdentityProviderOptions {
  /** 8085 if not said; 0 takes any free one. */
  readonly port?: number;
  /** What the provider is called, if it is reached by another URL than its own: through a tunnel, say. */
  readonly publicUrl?: string;
}

/**
 * Starts the demo's two OpenID providers at one port of 127.0.0.1: the company's, and at `/ci` the CI
 * system's. `POST /personas/{persona}/token` hands out personas' tokens to programs of this machine; it gets
 * them through the providers' own endpoints, so that all that Sallyport sees was issued by a real provider.
 */
export async function startIdentityProvider({
  port = 8085,
  publicUrl,
}: IdentityProviderOptions = {}): Promise<IdentityProvider> {
  const companySecrets = generateClientSecrets([
    'triage-bot',
    'ticketing-api',
    'payments-api',
    'voice-gateway',
    'accounts-api',
    'shop-cluster',
    'orders-gateway',
    'tools-gateway',
    'directory-sync',
  ]);
  const ciSecrets = generateClientSecrets(['deploy-bot']);
  const tokensOf = (issuer: string) => personaTokens(issuer, new Map([...companySecrets, ...ciSecrets]));

  const { url: ownUrl, stop } = await serveOnLoopback(port, async (url) => {
    const issuer = publicUrl ?? url;
    const company = await createCompanyProvider(issuer, companySecrets);
    const ci = await createCiProvider(ciIssuerOf(issuer), ciSecrets);
    // What forwards to it says by which scheme and host it was asked.
    company.proxy = ci.proxy = publicUrl !== undefined;
    return route(company, ci, tokensOf(issuer));
  });
  const issuer = publicUrl ?? ownUrl;
  return { ...tokensOf(issuer), url: ownUrl, issuer, ciIssuer: ciIssuerOf(issuer), stop };
}

const ciIssuerOf = (issuer: string) => `${issuer}/ci`;

function personaTokens(issuer: string, secrets: ReadonlyMap<string, string>): PersonaTokens {
  return {
    idTokenFor: async (persona, { channel = 'web', amr, audience, job } = {}) => {
      const { kind } = personas[persona];
      if (kind === 'user') {
        const clientId = audience ?? `sallyport-${channel}`;
        return signIn(issuer, { clientId, accountId: persona, ...(amr && { amr }) });
      }
      const clientSecret = secrets.get(persona);
      if (clientSecret === undefined) throw new Error(`${persona} has no client at the identity provider`);
      return authenticateMachine(kind === 'workload' ? ciIssuerOf(issuer) : issuer, {
        clientId: persona,
        clientSecret,
        audience: audience ?? 'sallyport',
        ...(job && { job }),
      });
    },
  };
}

function route(company: Provider, ci: Provider, tokens: PersonaTokens): RequestListener {
  const serveCompany = company.callback();
  const serveCi = ci.callback();

  return (request, response) => {
    const path = request.url ?? '/';
    const persona = /^\/personas\/([^/]+)\/token$/.exec(path)?.[1];
    if (path.startsWith('/ci/')) {
      serveCi(mounted(request, '/ci'), response);
    } else if (path.startsWith('/sign-in/')) {
      completeSignIn(company, request, response).catch(() => response.writeHead(400).end());
    } else if (request.method === 'POST' && persona !== undefined) {
      handOutToken(persona, tokens, request, response).catch((error) =>
        response.writeHead(400).end(error instanceof Error ? error.message : undefined),
      );
    } else {
      serveCompany(request, response);
    }
  };
}

/** A provider finds where it is mounted by what was cut off `url` (as Connect's `originalUrl`). */
function mounted(request: IncomingMessage, prefix: string): IncomingMessage {
  const url = request.url ?? '/';
  return Object.assign(request, { originalUrl: url, url: url.slice(prefix.length) });
}

/** For programs only: a web page, which a browser lets post here, says its origin and is refused. */
async function handOutToken(
  persona: string,
  tokens: PersonaTokens,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const options: TokenOptions = JSON.parse(await text(request));
  if (!isPersonaId(persona) || request.headers.origin !== undefined) {
    response.writeHead(404).end();
    return;
  }
  const token = await tokens.idTokenFor(persona, options);
  response.writeHead(200, { 'content-type': 'application/jwt', 'cache-control': 'no-store' }).end(token);
}
