import * as z from 'zod';
import { EndReason, PathFailure } from '../minting/grant.ts';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { cloudWatchMetrics } from '../platform/metrics.cloudwatch.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { RecordUnrevokedEnvironment } from './environment.ts';
import { recordUnrevoked } from './record-unrevoked.step.ts';

const environment = parseEnvironment(RecordUnrevokedEnvironment, process.env);

export const handler = stepHandler({
  name: 'record-unrevoked',
  input: z.strictObject({
    requestId: z.string(),
    error: z.string(),
    reason: EndReason,
    failure: PathFailure.optional(),
  }),
  output: z.strictObject({ outcome: z.enum(['unresolved', 'failed']) }),
  step: recordUnrevoked({
    ledger: newLedger(environment.TABLE_NAME),
    clock: systemClock,
    metrics: cloudWatchMetrics(),
  }),
});
