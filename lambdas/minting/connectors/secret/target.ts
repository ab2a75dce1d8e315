import * as z from 'zod';
import { PermissionName, targetBase } from '../../../platform/target.ts';

/** A managed secret, whose current value grants check out. */
export const SecretTarget = z.strictObject({
  ...targetBase,
  connector: z.literal('secret'),
  /** The id of the managed secret. */
  secret: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  permissions: z.array(PermissionName).length(1),
});
