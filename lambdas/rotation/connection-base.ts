import * as z from 'zod';

/** What every connection is, whatever kind of system it leads to. The kind's own part stands beside it. */
export const connectionBase = {
  /** Also the id of the managed secret: one account has one. */
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  name: z.string().min(1),
} as const;

/**
 * The id under which Secrets Manager has what Sallyport changes the account with: `sallyport/targets/<id>`. Connections
 * and targets of one system can share it.
 */
export const Administrator = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);

/** Secrets travel there: over TLS, or not off this machine. */
export const SystemUrl = z.url().refine(
  (url) => {
    const { protocol, hostname } = new URL(url);
    return (
      protocol === 'https:' || (protocol === 'http:' && /^(127\.0\.0\.1|localhost|\[::1\])$/.test(hostname))
    );
  },
  { message: 'must be https, or http on this machine' },
);
