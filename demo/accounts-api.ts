import { randomBytes } from 'node:crypto';
import type { IntrospectionOptions } from './introspection.ts';
import type { LoopbackServer } from './loopback-server.ts';
import { nothingHere, startResourceServer } from './resource-server.ts';

/** What access tokens for this resource server are issued for, at whichever port it is served. */
export const ACCOUNTS_AUDIENCE = 'urn:sallyport-demo:accounts';

/** Starts the system that keeps customers' accounts: it gives a lost one back to whom a token names. */
export function startAccountsApi({
  port = 8092,
  ...options
}: IntrospectionOptions & { port?: number }): Promise<LoopbackServer> {
  return startResourceServer({
    ...options,
    port,
    audience: ACCOUNTS_AUDIENCE,
    answer: async (request, authorize) => {
      if (request.method !== 'POST' || request.url !== '/recoveries') return nothingHere();
      const { sub } = await authorize('account-recovery', 'accounts:recover');
      return { status: 201, body: { account: sub, initial_password: randomBytes(12).toString('base64url') } };
    },
  });
}
