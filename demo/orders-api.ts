import { type LoopbackServer, serveOnLoopback } from './loopback-server.ts';

export interface OrdersApiOptions {
  /** The base URL of the Sallyport that is asked. */
  readonly apiUrl: string;
  /** 8098 if not said; 0 takes any free one. */
  readonly port?: number;
}

/** What a proxy hands on of a refusal: it says what is missing. */
const HANDED_ON = ['content-type', 'www-authenticate'] as const;

/**
 * Starts a small internal API that knows nothing of who may do what: the proxy before it, which here is a function,
 * asks Sallyport about each request with its sender's own token, as nginx does by auth_request.
 */
export function startOrdersApi({ apiUrl, port = 8098 }: OrdersApiOptions): Promise<LoopbackServer> {
  const orders = [{ id: '4711', item: 'lamp' }];

  return serveOnLoopback(port, () => async (request, response) => {
    const { method = '', url = '/', headers } = request;
    const verdict = await fetch(`${apiUrl}/authorize`, {
      headers: {
        ...(headers.authorization === undefined ? {} : { authorization: headers.authorization }),
        'x-original-method': method,
        'x-original-uri': url,
      },
    }).catch(() => undefined);
    if (verdict === undefined || ![200, 401, 403].includes(verdict.status))
      return response.writeHead(503).end();
    if (verdict.status !== 200) {
      const handedOn = HANDED_ON.flatMap((name) => {
        const value = verdict.headers.get(name);
        return value === null ? [] : [[name, value] as const];
      });
      return response.writeHead(verdict.status, Object.fromEntries(handedOn)).end(await verdict.text());
    }
    if (method === 'POST') orders.push({ id: String(4711 + orders.length), item: 'chair' });
    const evaluation = verdict.headers.get('x-sallyport-evaluation-id') ?? '';
    return response
      .writeHead(method === 'POST' ? 201 : 200, {
        'content-type': 'application/json',
        'x-evaluation': evaluation,
      })
      .end(JSON.stringify({ orders }));
  });
}
