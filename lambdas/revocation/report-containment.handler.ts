import * as z from 'zod';
import { PathFailure } from '../minting/grant.ts';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { cloudWatchMetrics } from '../platform/metrics.cloudwatch.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { ReportContainmentEnvironment } from './environment.ts';
import { reportContainment } from './report-containment.step.ts';

const environment = parseEnvironment(ReportContainmentEnvironment, process.env);

export const handler = stepHandler({
  name: 'report-containment',
  input: z.strictObject({
    revocationId: z.string(),
    signals: z.int(),
    unreleased: z.int(),
    failure: PathFailure.optional(),
  }),
  output: z.strictObject({ outcome: z.enum(['previewed', 'contained', 'unresolved']) }),
  step: reportContainment({
    ledger: newLedger(environment.TABLE_NAME),
    clock: systemClock,
    metrics: cloudWatchMetrics(),
  }),
});
