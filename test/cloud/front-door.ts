import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FrontDoor {
  readonly url: string;
  stop(): Promise<void>;
}

/** How MiniStack names an HTTP API. */
const API_HOST = /^[0-9a-f]+\.execute-api\.localhost(:\d+)?$/;

/**
 * What stands before MiniStack: an HTTP server that hands everything on, and an HTTP proxy by which processes reach
 * the host names of its APIs, which not every resolver knows. docs/ministack.md says why it changes what it changes.
 */
export async function openFrontDoor(ministackPort: number): Promise<FrontDoor> {
  const server = createServer((incoming, outgoing) => {
    const isForApi = API_HOST.test(incoming.headers.host ?? '');
    const onward = request(
      {
        host: '127.0.0.1',
        port: ministackPort,
        method: incoming.method,
        // Below its stage's name, an API's `/oauth2/token` is not taken for Cognito's.
        path: `${isForApi ? '/$default' : ''}${incoming.url}`,
        // The policy of the bucket of `cdk bootstrap` denies what did not come by TLS.
        headers: { ...incoming.headers, 'x-forwarded-proto': 'https' },
      },
      (answer) => {
        // A type is made up where a function has named none.
        if (isForApi && answer.headers['content-length'] === '0') delete answer.headers['content-type'];
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  server.on('connect', (_request, socket) => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    server.emit('connection', socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
