import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { HttpProblem } from './http-problem.ts';
import type { IntrospectionOptions } from './introspection.ts';
import type { LoopbackServer } from './loopback-server.ts';
import { nothingHere, startResourceServer } from './resource-server.ts';

/** What access tokens for this resource server are issued for, at whichever port it is served. */
export const PAYMENTS_AUDIENCE = 'urn:sallyport-demo:payments';

const Transfer = z.strictObject({
  to: z.string().min(1).max(34),
  amount: z.number().positive(),
  currency: z.string().regex(/^[A-Z]{3}$/),
});

/** Starts a bank's payments, which take orders of those whom a token names. `port` 0 takes any free one. */
export function startPaymentsApi({
  port = 8091,
  ...options
}: IntrospectionOptions & { port?: number }): Promise<LoopbackServer> {
  let orders = 0;
  return startResourceServer({
    ...options,
    port,
    audience: PAYMENTS_AUDIENCE,
    answer: async (request, authorize) => {
      if (request.method !== 'POST' || request.url !== '/transfers') return nothingHere();
      const { sub } = await authorize('payments', 'transfers:create');
      const order = readTransfer(await text(request));
      orders += 1;
      return { status: 201, body: { id: `transfer-${orders}`, from: sub, ...order } };
    },
  });
}

function readTransfer(body: string): z.infer<typeof Transfer> {
  try {
    return Transfer.parse(JSON.parse(body));
  } catch (cause) {
    throw new HttpProblem(400, 'A transfer has to, amount and currency', { cause });
  }
}
