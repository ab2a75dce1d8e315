import { Agent, request } from 'node:http';

/** Posts JSON to one path on 127.0.0.1 over connections that stay open. */
export interface KeepAliveClient {
  /** @throws Error for any other answer than 200 */
  post(body: unknown): Promise<unknown>;
  close(): void;
}

export function keepAliveClient(port: number, path: string, connections: number): KeepAliveClient {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    post: (body) =>
      new Promise((resolve, reject) => {
        const sent = request(
          {
            agent,
            host: '127.0.0.1',
            port,
            path,
            method: 'POST',
            headers: { 'content-type': 'application/json' },
          },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on('data', (chunk: Buffer) => chunks.push(chunk));
            answer.on('end', () => {
              const text = Buffer.concat(chunks).toString();
              if (answer.statusCode === 200) resolve(JSON.parse(text));
              else reject(new Error(`${path} answered ${answer.statusCode}: ${text}`));
            });
          },
        );
        sent.on('error', reject);
        sent.end(JSON.stringify(body));
      }),
    close: () => agent.destroy(),
  };
}
