import * as z from 'zod';
import { PermissionName, targetBase } from '../../../platform/target.ts';

/** A resource server that takes RFC 9068 access tokens of this deployment. */
export const OauthJwtTarget = z.strictObject({
  ...targetBase,
  connector: z.literal('oauth-jwt'),
  /** The `aud` of the tokens for this target. */
  audience: z.string(),
  /** The principal that introspects these tokens. */
  resourceServer: z.string(),
  /**
   * Whether the target introspects each token. If it does, a token may live as long as its grant; if it only
   * verifies signatures, a revoked token works until it expires, so it lives 10 minutes at the most.
   */
  introspects: z.boolean(),
  permissions: z.array(PermissionName).min(1),
});
