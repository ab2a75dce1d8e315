import * as z from 'zod';
import { Duration } from '../platform/duration.ts';

/** The annotations that a permit may carry; `@id` has become the policy's id. */
export const PolicyAnnotations = z.strictObject({
  /** The longest grant that the permit allows. */
  max_duration: Duration.optional(),
  /** The group whose approval the permit wants; it then asks for `context.approved`. */
  approvers: z.string().min(1).optional(),
  /** How many distinct approvers; 1 where it is not said. */
  quorum: z
    .string()
    .regex(/^[1-9]\d?$/, { message: 'must be a whole number from 1 to 99' })
    .optional(),
  /** The least assurance of each approver. */
  approver_assurance: z.enum(['nist-aal1', 'nist-aal2', 'nist-aal3']).optional(),
});

/** The policies as the synth leaves them beside a function's code: validated, split, their annotations read. */
export const CompiledPolicies = z.object({
  /** The groups of actions that each action is in, by the schema: without them `action in …` holds for nothing. */
  actionGroups: z.record(z.string(), z.array(z.string())),
  policies: z.array(
    z.object({
      id: z.string(),
      file: z.string(),
      line: z.int().positive(),
      text: z.string(),
      effect: z.enum(['permit', 'forbid']),
      annotations: PolicyAnnotations,
    }),
  ),
});
export type CompiledPolicies = z.infer<typeof CompiledPolicies>;
