import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AccessTokenClaims, createAccessTokenVerifier, requirePermission } from './access-tokens.ts';
import { HttpProblem, invalidToken } from './http-problem.ts';
import { createIntrospection, type IntrospectionOptions } from './introspection.ts';
import { type LoopbackServer, serveOnLoopback } from './loopback-server.ts';

export interface ResourceAnswer {
  readonly status: number;
  readonly body?: unknown;
}

/** Lets a request through only with a token for this permission on this target of Sallyport's. */
type Authorize = (target: string, permission: string) => Promise<AccessTokenClaims>;

export interface ResourceServerOptions extends IntrospectionOptions {
  /** 0 takes any free one. */
  readonly port: number;
  /** What access tokens for it are issued for, at whichever port it is served. */
  readonly audience: string;
  /** Answers a request; throws `HttpProblem` where it has to refuse it. */
  readonly answer: (request: IncomingMessage, authorize: Authorize) => Promise<ResourceAnswer>;
}

/**
 * Starts a system whose doors Sallyport's tokens open. It knows nothing else of Sallyport than an OAuth resource
 * server does: the issuer's keys, and introspection.
 */
export function startResourceServer(options: ResourceServerOptions): Promise<LoopbackServer> {
  const { port, issuer, audience, authenticate } = options;
  const isActive = createIntrospection({ issuer, authenticate });

  return serveOnLoopback(port, (ownUrl) => {
    const verify = createAccessTokenVerifier({ issuer, audience, ownUrl });

    const authorizing =
      (request: IncomingMessage): Authorize =>
      async (target, permission) => {
        const { accessToken, claims } = await verify(request);
        requirePermission(claims, target, permission);
        if (await isActive(accessToken)) return claims;
        throw invalidToken(claims.cnf ? 'DPoP' : 'Bearer', 'The access token does not count any more');
      };

    return (request, response) => {
      options.answer(request, authorizing(request)).then(
        (answer) => send(response, answer),
        (error) => asProblem(error).send(response),
      );
    };
  });
}

export function nothingHere(): never {
  throw new HttpProblem(404, 'There is nothing here');
}

function send(response: ServerResponse, { status, body }: ResourceAnswer): void {
  response.writeHead(status, body === undefined ? {} : { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function asProblem(error: unknown): HttpProblem {
  return error instanceof HttpProblem ? error : new HttpProblem(500, 'The system failed', { cause: error });
}
