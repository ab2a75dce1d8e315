import * as z from 'zod';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { cloudWatchMetrics } from '../platform/metrics.cloudwatch.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { confirmContainment } from './confirm-containment.step.ts';
import { ConfirmContainmentEnvironment } from './environment.ts';

const environment = parseEnvironment(ConfirmContainmentEnvironment, process.env);

export const handler = stepHandler({
  name: 'confirm-containment',
  input: z.strictObject({ revocationId: z.string(), grants: z.int(), sessions: z.int(), secrets: z.int() }),
  output: z.strictObject({ outcome: z.enum(['confirmed', 'unresolved']) }),
  step: confirmContainment({
    ledger: newLedger(environment.TABLE_NAME),
    clock: systemClock,
    metrics: cloudWatchMetrics(),
  }),
});
