import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { REDIRECT_URI, resourceOf } from './openid-providers.ts';

/** A password and a one-time code (RFC 8176 §2). */
export const usualAmr = ['pwd', 'otp', 'mfa'];

/** A sign-in takes three: to the prompt, back, and to the client. */
const MOST_HOPS = 5;

/** NIST SP 800-63B-4 §2: what the methods of one sign-in amount to. */
function acrOf(amr: readonly string[]): string {
  if (amr.includes('hwk') && amr.includes('user')) return 'nist-aal3';
  return amr.includes('mfa') ? 'nist-aal2' : 'nist-aal1';
}

/** Answers the provider's sign-in prompt as the authorization request asked: see `createCompanyProvider`. */
export async function completeSignIn(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  const amr = String(params['amr'] ?? usualAmr.join(' ')).split(' ');
  const login = { accountId: String(params['login_hint']), amr, acr: acrOf(amr), remember: false };
  await provider.interactionFinished(request, response, { login });
}

async function requestToken(issuer: string, form: Record<string, string>, basicCredentials?: string) {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers: basicCredentials === undefined ? {} : { authorization: `Basic ${btoa(basicCredentials)}` },
  });
  const answer = (await response.json()) as Record<string, string>;
  if (!response.ok) throw new Error(`The identity provider answered ${answer['error']}`);
  return answer;
}

/** Follows the provider's redirects as a browser with cookies would, up to the client's own redirect URI. */
async function followToRedirectUri(start: URL): Promise<URLSearchParams> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let hops = 0; !url.href.startsWith(REDIRECT_URI); hops += 1) {
    if (hops === MOST_HOPS) throw new Error('The identity provider did not finish the sign-in');
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
    });
    const page = await response.text();
    for (const cookie of response.headers.getSetCookie()) {
      const [name = '', value = ''] = cookie.split(';', 1)[0]?.split(/=(.*)/s) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null) throw new Error(`The identity provider answered ${page}`);
    url = new URL(location, url);
  }
  return url.searchParams;
}

/** A person's ID token: authorization code flow with PKCE (RFC 7636), from start to end. */
export async function signIn(
  issuer: string,
  { clientId, accountId, amr = usualAmr }: { clientId: string; accountId: string; amr?: readonly string[] },
): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const authorization = new URL(`${issuer}/auth`);
  authorization.search = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    login_hint: accountId,
    amr: amr.join(' '),
    // Tells this sign-in's ID token from another's of the same second (OpenID Connect Core §3.1.2.1).
    nonce: randomBytes(16).toString('base64url'),
  }).toString();
  const answer = await followToRedirectUri(authorization);
  const code = answer.get('code');
  if (code === null) throw new Error(`The identity provider answered ${answer.get('error')}`);
  const { id_token } = await requestToken(issuer, {
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    code,
    code_verifier: verifier,
  });
  if (id_token === undefined) throw new Error('The identity provider answered without an ID token');
  return id_token;
}

/** A machine's own token: client credentials (RFC 6749 §4.4) for one audience. */
export async function authenticateMachine(
  issuer: string,
  options: { clientId: string; clientSecret: string; audience: string; job?: object },
): Promise<string> {
  const { access_token } = await requestToken(
    issuer,
    {
      grant_type: 'client_credentials',
      resource: resourceOf(options.audience),
      ...(options.job === undefined ? {} : { job: JSON.stringify(options.job) }),
    },
    `${options.clientId}:${options.clientSecret}`,
  );
  if (access_token === undefined) throw new Error('The identity provider answered without an access token');
  return access_token;
}
