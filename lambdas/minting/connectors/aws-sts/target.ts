import * as z from 'zod';
import { permissionsMeaning, targetBase } from '../../../platform/target.ts';
import { LONGEST_SESSION_POLICY, SessionStatement, sessionPolicy } from './session-policy.ts';

/** An IAM role that grants assume, narrowed by a session policy. */
export const AwsStsTarget = z.strictObject({
  ...targetBase,
  connector: z.literal('aws-sts'),
  roleArn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/),
  externalId: z.string().min(2).max(1224).optional(),
  // Those that do not fit together are refused when they are claimed; one that does not fit alone could never be.
  permissions: permissionsMeaning(z.strictObject({ statements: z.array(SessionStatement).min(1) })).refine(
    (meanings) =>
      Object.keys(meanings).every((name) => sessionPolicy(meanings, [name]).length <= LONGEST_SESSION_POLICY),
    { message: `each permission must fit into a session policy of ${LONGEST_SESSION_POLICY} characters` },
  ),
});
