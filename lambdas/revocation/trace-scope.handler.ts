import * as z from 'zod';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { TraceScopeEnvironment } from './environment.ts';
import { traceScope } from './trace-scope.step.ts';

const environment = parseEnvironment(TraceScopeEnvironment, process.env);

export const handler = stepHandler({
  name: 'trace-scope',
  input: z.strictObject({ revocationId: z.string(), step: z.int().positive() }),
  output: z.strictObject({
    outcome: z.enum(['more', 'done']),
    dryRun: z.boolean(),
    grantPage: z.int().optional(),
    sessionPage: z.int().optional(),
  }),
  step: traceScope({
    deployment: readDeployment(import.meta.dirname),
    ledger: newLedger(environment.TABLE_NAME),
    clock: systemClock,
  }),
});
