import { decodeJwt } from 'jose';

/** Renewed this much before its end, so that it does not expire on the way. */
const RENEWAL_MARGIN_SECONDS = 30;

export interface OwnSessionOptions {
  /** Sallyport's base URL. */
  readonly issuer: string;
  /** Gets a new access token of Sallyport for the system itself. */
  readonly authenticate: () => Promise<string>;
}

/** How a system asks Sallyport something in its own name. */
export type AskSallyport = (path: string, request: RequestInit) => Promise<Response>;

/** Keeps a token of the system's own while it lasts. */
export function createOwnSession({ issuer, authenticate }: OwnSessionOptions): AskSallyport {
  let ownToken: Promise<string> | undefined;

  const currentToken = async (): Promise<string> => {
    const token = await ownToken?.catch(() => undefined);
    if (token !== undefined && !isEnding(token)) return token;
    ownToken = authenticate();
    return ownToken;
  };

  const ask: AskSallyport = async (path, request) =>
    fetch(issuer + path, {
      ...request,
      headers: { ...request.headers, authorization: `Bearer ${await currentToken()}` },
    });

  /** Its own session may have been ended before its time, so a refusal is answered once with a new one. */
  return async (path, request) => {
    const response = await ask(path, request);
    if (response.status !== 401 && response.status !== 403) return response;
    ownToken = undefined;
    return ask(path, request);
  };
}

function isEnding(token: string): boolean {
  const { exp = 0 } = decodeJwt(token);
  return exp - RENEWAL_MARGIN_SECONDS <= Date.now() / 1000;
}
