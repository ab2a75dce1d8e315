import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import type { Actor } from './access-tokens.ts';
import { HttpProblem } from './http-problem.ts';
import type { IntrospectionOptions } from './introspection.ts';
import type { LoopbackServer } from './loopback-server.ts';
import { nothingHere, type ResourceAnswer, startResourceServer } from './resource-server.ts';
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

interface Operation {
  readonly method: string;
  readonly path: RegExp;
  readonly permission: string;
  /** Undefined if there is no such project or ticket. */
  readonly perform: (tickets: Tickets, call: Call) => ResourceAnswer | undefined;
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

/** Starts a small ticketing system. `port` 0 takes any free one. */
export function startTicketingApi({
  port = 8090,
  ...options
}: IntrospectionOptions & { port?: number }): Promise<LoopbackServer> {
  const tickets = new Tickets();
  return startResourceServer({
    ...options,
    port,
    audience: TICKETING_AUDIENCE,
    answer: async (request, authorize) => {
      const { operation, project, ticket } = findOperation(request);
      const claims = await authorize(targetOf(project), operation.permission);
      const author = { sub: claims.sub, ...(claims.act && { act: claims.act }) };
      const body = await text(request);
      return operation.perform(tickets, { project, ticket, author, body }) ?? nothingHere();
    },
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
  return nothingHere();
}

const NewComment = z.object({ body: z.string().min(1).max(10_000) });

function readComment(body: string): string {
  try {
    return NewComment.parse(JSON.parse(body)).body;
  } catch (cause) {
    throw new HttpProblem(400, 'A comment is an object with a text as its body', { cause });
  }
}
