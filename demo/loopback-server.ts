import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LoopbackServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Serves on 127.0.0.1 alone. The listener is made once the port is known (0 takes any free one), because
 * what an issuer calls itself is where it is served.
 */
export async function serveOnLoopback(
  port: number,
  listenerAt: (url: string) => RequestListener | Promise<RequestListener>,
): Promise<LoopbackServer> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.on('request', await listenerAt(url));
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A port of 127.0.0.1 that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  const { url, stop } = await serveOnLoopback(0, () => () => {});
  await stop();
  return Number(new URL(url).port);
}
