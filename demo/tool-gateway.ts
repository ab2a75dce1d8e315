import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { HttpProblem } from './http-problem.ts';
import { type LoopbackServer, serveOnLoopback } from './loopback-server.ts';
import { Tickets } from './tickets.ts';

export interface ToolGatewayOptions {
  /** The base URL of the Sallyport that is asked. */
  readonly apiUrl: string;
  /** 8099 if not said; 0 takes any free one. */
  readonly port?: number;
}

const ToolCall = z.looseObject({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]),
  method: z.literal('tools/call'),
  params: z.looseObject({ name: z.string(), arguments: z.record(z.string(), z.string()).default({}) }),
});

/** What Sallyport says of a call. */
interface Verdict {
  readonly decision: boolean;
  readonly error?: object;
}

/**
 * Starts a gateway before the tools of a ticketing system (MCP, over HTTP at `/mcp/ticketing`). It asks Sallyport about
 * each call with the agent's own token, and hands on to the agent what a denial says.
 */
export function startToolGateway({ apiUrl, port = 8099 }: ToolGatewayOptions): Promise<LoopbackServer> {
  const tickets = new Tickets();

  return serveOnLoopback(port, () => (request, response) => {
    answer(request.url ?? '', request.headers.authorization, request).then(
      (message) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(message)),
      (error) => {
        const problem = error instanceof HttpProblem ? error : new HttpProblem(500, 'The gateway failed');
        problem.send(response);
      },
    );
  });

  async function answer(
    url: string,
    authorization: string | undefined,
    body: Parameters<typeof text>[0],
  ): Promise<object> {
    const server = /^\/mcp\/([a-z]+)$/.exec(url)?.[1];
    const sent = ToolCall.safeParse(parsed(await text(body)));
    if (server === undefined || !sent.success)
      throw new HttpProblem(400, 'Send a call of a tool to /mcp/ticketing');
    const { jsonrpc, id, params } = sent.data;
    const verdict = await judge(server, authorization, sent.data);
    if (!verdict.decision) return { jsonrpc, id, error: verdict.error };
    const result = perform(params.name, params.arguments);
    return { jsonrpc, id, result: { content: [{ type: 'text', text: JSON.stringify(result ?? null) }] } };
  }

  async function judge(server: string, authorization: string | undefined, request: object): Promise<Verdict> {
    const response = await fetch(`${apiUrl}/mcp/authorize`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
      body: JSON.stringify({ server, request }),
    }).catch((cause) => {
      throw new HttpProblem(503, 'The call cannot be decided now', { cause });
    });
    if (response.status === 200) return (await response.json()) as Verdict;
    const challenge = response.headers.get('www-authenticate');
    throw new HttpProblem(response.status, 'The call is refused', challenge === null ? {} : { challenge });
  }

  function perform(tool: string, { project = '', ticket = '', body = '' }: Record<string, string>): unknown {
    const name = project.toUpperCase();
    switch (tool) {
      case 'list_tickets':
        return tickets.list(name);
      case 'comment_on_ticket':
        return tickets.comment(name, ticket, { author: { sub: 'agent' }, body });
      case 'delete_ticket':
        return tickets.delete(name, ticket);
      default:
        throw new HttpProblem(404, 'There is no such tool');
    }
  }
}

function parsed(sent: string): unknown {
  try {
    return JSON.parse(sent);
  } catch {
    return undefined;
  }
}
