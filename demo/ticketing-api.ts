import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { type Actor, createAccessTokenVerifier, requirePermission } from './access-tokens.ts';
import { HttpProblem, invalidToken } from './http-problem.ts';
import { createIntrospection, type IntrospectionOptions } from './introspection.ts';
import { type LoopbackServer, serveOnLoopback } from './loopback-server.ts';
import { Tickets } from './tickets.ts';

/** What access tokens for this resource server are issued for, at whichever port it is served. */
export const TICKETING_AUDIENCE = 'urn:sallyport-demo:ticketing';

interface Call {
  readonly project: string;
  /** Empty for an operation on the whole project. */
  readonly ticket: string;
  readonly author: Actor;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

interface Operation {
  readonly method: string;
  readonly path: RegExp;
  readonly permission: string;
  /** Undefined if there is no such project or ticket. */
  readonly perform: (tickets: Tickets, call: Call) => Answer | undefined;
}

const operations: readonly Operation[] = [
  {
    method: 'GET',
    path: /^\/projects\/(?<project>[^/]+)\/tickets$/,
    permission: 'tickets:read',
    perform: (tickets, { project }) => {
      const listed = tickets.list(project);
      return listed && { status: 200, body: { tickets: listed } };
    },
  },
  {
    method: 'POST',
    path: /^\/projects\/(?<project>[^/]+)\/tickets\/(?<ticket>[^/]+)\/comments$/,
    permission: 'tickets:comment',
    perform: (tickets, { project, ticket, author, body }) => {
      const comment = tickets.comment(project, ticket, { author, body: readComment(body) });
      return comment && { status: 201, body: comment };
    },
  },
  {
    method: 'DELETE',
    path: /^\/projects\/(?<project>[^/]+)\/tickets\/(?<ticket>[^/]+)$/,
    permission: 'tickets:delete',
    perform: (tickets, { project, ticket }) =>
      tickets.delete(project, ticket) ? { status: 204 } : undefined,
  },
];

/** The name of a project in Sallyport, where each is a target of its own. */
const targetOf = (project: string) => `ticketing-${project.toLowerCase()}`;

/**
 * Starts a small ticketing system whose doors Sallyport's tokens open. It knows nothing else of Sallyport
 * than an OAuth resource server does: the issuer's keys, and introspection. `port` 0 takes any free one.
 */
export function startTicketingApi({
  port = 8090,
  issuer,
  authenticate,
}: IntrospectionOptions & { port?: number }): Promise<LoopbackServer> {
  const tickets = new Tickets();
  const isActive = createIntrospection({ issuer, authenticate });

  return serveOnLoopback(port, (ownUrl) => {
    const verify = createAccessTokenVerifier({ issuer, audience: TICKETING_AUDIENCE, ownUrl });

    const answer = async (request: IncomingMessage): Promise<Answer> => {
      const { operation, project, ticket } = findOperation(request);
      const { accessToken, claims } = await verify(request);
      requirePermission(claims, targetOf(project), operation.permission);
      if (!(await isActive(accessToken))) {
        throw invalidToken(claims.cnf ? 'DPoP' : 'Bearer', 'The access token does not count any more');
      }
      const author = { sub: claims.sub, ...(claims.act && { act: claims.act }) };
      const performed = operation.perform(tickets, { project, ticket, author, body: await text(request) });
      return performed ?? notFound();
    };

    return (request, response) => {
      answer(request).then(
        (performed) => send(response, performed),
        (error) => asProblem(error).send(response),
      );
    };
  });
}

function findOperation({ method, url }: IncomingMessage) {
  const path = new URL(url ?? '/', 'http://127.0.0.1').pathname;
  for (const operation of operations) {
    const found = operation.path.exec(path)?.groups;
    if (found === undefined || operation.method !== method) continue;
    const { project = '', ticket = '' } = found;
    return { operation, project, ticket };
  }
  return notFound();
}

const NewComment = z.object({ body: z.string().min(1).max(10_000) });

function readComment(body: string): string {
  try {
    return NewComment.parse(JSON.parse(body)).body;
  } catch (cause) {
    throw new HttpProblem(400, 'A comment is an object with a text as its body', { cause });
  }
}

function notFound(): never {
  throw new HttpProblem(404, 'There is nothing here');
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, body === undefined ? {} : { 'content-type': 'application/json' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

function asProblem(error: unknown): HttpProblem {
  return error instanceof HttpProblem
    ? error
    : new HttpProblem(500, 'The ticketing API failed', { cause: error });
}
