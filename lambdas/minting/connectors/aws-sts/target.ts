import * as z from 'zod';
import { permissionsMeaning, targetBase } from '../../../platform/target.ts';

/** One statement of a session policy; what it denies the role already lacks, so there is no `Effect`. */
const Statement = z.strictObject({
  actions: z.array(z.string().regex(/^[a-z0-9-]+:[A-Za-z0-9*?]+$/)).min(1),
  resources: z.array(z.string().regex(/^arn:[^\s]+$/)).min(1),
  conditions: z
    .record(z.string(), z.record(z.string(), z.union([z.string(), z.array(z.string())])))
    .optional(),
});

/** An IAM role that grants assume, narrowed by a session policy. */
export const AwsStsTarget = z.strictObject({
  ...targetBase,
  connector: z.literal('aws-sts'),
  roleArn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/),
  externalId: z.string().min(2).max(1224).optional(),
  permissions: permissionsMeaning(z.strictObject({ statements: z.array(Statement).min(1) })),
});
