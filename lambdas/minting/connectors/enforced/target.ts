import * as z from 'zod';
import { PermissionName, targetBase } from '../../../platform/target.ts';

/**
 * A system whose enforcement points ask Sallyport at each call. A grant there is a right that they are told of, so
 * there is no credential to make or to end.
 */
export const EnforcedTarget = z.strictObject({
  ...targetBase,
  connector: z.literal('enforced'),
  /** The types of its resources, as requests name them (AuthZEN Authorization API 1.0, resource). */
  resourceTypes: z
    .array(
      z
        .string()
        .regex(/^[a-z][a-z0-9_]{0,62}$/)
        .refine((type) => type !== 'target', { message: 'a target is no resource of another one' }),
    )
    .min(1),
  permissions: z.array(PermissionName).min(1),
});
