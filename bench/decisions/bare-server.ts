import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { DecisionServer } from './decision-point.ts';
import { keepAliveClient } from './keep-alive-client.ts';

/** Our engine over the policies in a folder, behind a bare HTTP server: like Cerbos, it is told all that it judges by. */
export async function startBareServer(directory: string, connections: number): Promise<DecisionServer> {
  const server = fork(join(import.meta.dirname, 'serve.ts'), [directory]);
  const exited = once(server, 'exit');
  const [message] = await Promise.race([
    once(server, 'message'),
    exited.then(() => Promise.reject(new Error('The bare server does not serve'))),
  ]);
  const client = keepAliveClient((message as { port: number }).port, '/', connections);
  return {
    answer: async (question) => ((await client.post(question)) as { decision: boolean }).decision,
    stop: async () => {
      client.close();
      server.disconnect();
      await exited;
    },
  };
}
