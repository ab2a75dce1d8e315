import type { RequestListener } from 'node:http';
import { type LoopbackServer, serveOnLoopback } from './loopback-server.ts';

/** A server that can be down for a while, with all that it knows. */
export interface UnreliableServer extends LoopbackServer {
  /** Whoever calls gets no answer, once it has answered so many calls more; none if not said. */
  goDown(afterCalls?: number): void;
  /** So it is, but the first call that gets no answer is done. */
  goDownBeforeAnswering(afterCalls?: number): void;
  comeBack(): void;
}

interface Outage {
  callsBefore: number;
  isNextDone: boolean;
}

/** Serves on 127.0.0.1 alone; `port` 0 takes any free one. */
export async function serveUnreliably(port: number, listener: RequestListener): Promise<UnreliableServer> {
  let outage: Outage | undefined;
  const server = await serveOnLoopback(port, () => (request, response) => {
    if (outage === undefined || outage.callsBefore-- > 0) return listener(request, response);
    if (outage.isNextDone) {
      outage.isNextDone = false;
      response.end = () => response.destroy();
      return listener(request, response);
    }
    request.socket.destroy();
  });
  return {
    ...server,
    goDown: (callsBefore = 0) => {
      outage = { callsBefore, isNextDone: false };
    },
    goDownBeforeAnswering: (callsBefore = 0) => {
      outage = { callsBefore, isNextDone: true };
    },
    comeBack: () => {
      outage = undefined;
    },
  };
}
