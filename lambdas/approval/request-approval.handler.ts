import * as z from 'zod';
import { newKms, newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { kmsTaskTokenSealer } from '../platform/task-tokens.kms.ts';
import { RequestApprovalEnvironment } from './environment.ts';
import { requestApproval } from './request-approval.step.ts';

const environment = parseEnvironment(RequestApprovalEnvironment, process.env);

export const handler = stepHandler({
  name: 'request-approval',
  input: z.strictObject({
    requestId: z.string(),
    taskToken: z.string(),
    approvalTimeoutSeconds: z.int().positive(),
  }),
  output: z.strictObject({ outcome: z.literal('waiting') }),
  step: requestApproval({
    ledger: newLedger(environment.TABLE_NAME),
    taskTokens: kmsTaskTokenSealer(newKms(), environment.TASK_TOKEN_KEY_ID),
    clock: systemClock,
  }),
});
