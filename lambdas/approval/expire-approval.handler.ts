import * as z from 'zod';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { ExpireApprovalEnvironment } from './environment.ts';
import { expireApproval } from './expire-approval.step.ts';

const environment = parseEnvironment(ExpireApprovalEnvironment, process.env);

export const handler = stepHandler({
  name: 'expire-approval',
  input: z.strictObject({ requestId: z.string() }),
  output: z.strictObject({ outcome: z.enum(['approved', 'denied', 'expired']) }),
  step: expireApproval({ ledger: newLedger(environment.TABLE_NAME), clock: systemClock }),
});
