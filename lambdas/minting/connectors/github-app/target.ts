import * as z from 'zod';
import { ApiUrl, permissionsMeaning, targetBase } from '../../../platform/target.ts';

/** How much of a permission, from less to more: each holds those before it. */
export const levels = ['read', 'write', 'admin'] as const;

/** Repositories of a GitHub App's installation, whose tokens grants get. */
export const GithubAppTarget = z.strictObject({
  ...targetBase,
  connector: z.literal('github-app'),
  apiUrl: ApiUrl.default('https://api.github.com'),
  appId: z.string().regex(/^\d{1,20}$/),
  installationId: z.string().regex(/^\d{1,20}$/),
  /** Their names without the owner's. */
  repositories: z
    .array(z.string().regex(/^[\w.-]{1,100}$/))
    .min(1)
    .max(500),
  /** GitHub's own name of the permission, and how much of it. */
  permissions: permissionsMeaning(
    z.strictObject({
      permission: z.string().regex(/^[a-z_]{1,64}$/),
      level: z.enum(levels),
    }),
  ),
});
