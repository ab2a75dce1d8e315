import * as z from 'zod';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { SettleApprovalEnvironment } from './environment.ts';
import { settleApproval } from './settle-approval.step.ts';

const environment = parseEnvironment(SettleApprovalEnvironment, process.env);

export const handler = stepHandler({
  name: 'settle-approval',
  input: z.strictObject({ requestId: z.string() }),
  output: z.strictObject({ outcome: z.enum(['approved', 'denied', 'expired', 'cancelled']) }),
  step: settleApproval({ ledger: newLedger(environment.TABLE_NAME), clock: systemClock }),
});
