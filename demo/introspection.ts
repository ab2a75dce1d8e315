import { decodeJwt } from 'jose';
import { HttpProblem } from './http-problem.ts';

/** Renewed this much before its end, so that it does not expire on the way. */
const RENEWAL_MARGIN_SECONDS = 30;

export interface IntrospectionOptions {
  /** Sallyport's base URL. */
  readonly issuer: string;
  /** Gets a new access token of Sallyport for the resource server itself. */
  readonly authenticate: () => Promise<string>;
}

/**
 * Asks Sallyport whether a token still counts (RFC 7662 §2), so that what was revoked a moment ago is refused
 * now. If Sallyport cannot be asked, the answer is 503: a token that cannot be checked opens nothing.
 */
export function createIntrospection({ issuer, authenticate }: IntrospectionOptions) {
  let ownToken: Promise<string> | undefined;

  const currentToken = async (): Promise<string> => {
    const token = await ownToken?.catch(() => undefined);
    if (token !== undefined && !isEnding(token)) return token;
    ownToken = authenticate();
    return ownToken;
  };

  const ask = async (token: string): Promise<Response> =>
    fetch(`${issuer}/oauth2/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await currentToken()}` },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
    });

  /** Its own session may have been ended before its time, so a refusal is answered once with a new one. */
  const askAuthenticated = async (token: string): Promise<Response> => {
    const response = await ask(token);
    if (response.status !== 401 && response.status !== 403) return response;
    ownToken = undefined;
    return ask(token);
  };

  return async (token: string): Promise<boolean> => {
    try {
      const response = await askAuthenticated(token);
      if (!response.ok) throw new Error(`Introspection answered ${response.status}`);
      const answer = (await response.json()) as { active?: unknown };
      return answer.active === true;
    } catch (cause) {
      throw new HttpProblem(503, 'The access token cannot be checked now', { cause });
    }
  };
}

function isEnding(token: string): boolean {
  const { exp = 0 } = decodeJwt(token);
  return exp - RENEWAL_MARGIN_SECONDS <= Date.now() / 1000;
}
