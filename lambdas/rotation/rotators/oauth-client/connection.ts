import * as z from 'zod';
import { Administrator, connectionBase, SystemUrl } from '../../connection-base.ts';

/** An OAuth client whose authorization server lets it have two secrets at a time. What its endpoints answer: `README.md`. */
export const OauthClientConnection = z.strictObject({
  ...connectionBase,
  kind: z.literal('oauth-client'),
  clientId: z.string().min(1).max(255),
  /** Where the client's secrets are listed, made and deleted. */
  secretsUrl: SystemUrl,
  /** The token endpoint (RFC 6749 §3.2), where the client has the grant type `client_credentials`. */
  tokenUrl: SystemUrl,
  administrator: Administrator,
});
