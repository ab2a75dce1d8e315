import * as z from 'zod';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { VerifyRequesterEnvironment } from './environment.ts';
import { verifyRequester } from './verify-requester.step.ts';

const environment = parseEnvironment(VerifyRequesterEnvironment, process.env);

export const handler = stepHandler({
  name: 'verify-requester',
  input: z.strictObject({ requestId: z.string() }),
  output: z.strictObject({ outcome: z.enum(['verified', 'refused']) }),
  step: verifyRequester({ ledger: newLedger(environment.TABLE_NAME), clock: systemClock }),
});
