import * as z from 'zod';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { FreezeScopeEnvironment } from './environment.ts';
import { freezeScope } from './freeze-scope.step.ts';

const environment = parseEnvironment(FreezeScopeEnvironment, process.env);

export const handler = stepHandler({
  name: 'freeze-scope',
  input: z.strictObject({ revocationId: z.string(), leg: z.int().positive() }),
  output: z.strictObject({
    outcome: z.enum(['frozen', 'over']),
    steps: z.int(),
    grantPages: z.array(z.int()),
    sessionPages: z.array(z.int()),
  }),
  step: freezeScope({ ledger: newLedger(environment.TABLE_NAME), clock: systemClock }),
});
