import * as z from 'zod';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { decideAccess } from './decide-access.step.ts';
import { DecideAccessEnvironment } from './environment.ts';
import { policiesInForce } from './policies-in-force.aws.ts';

const environment = parseEnvironment(DecideAccessEnvironment, process.env);
const ledger = newLedger(environment.TABLE_NAME);

export const handler = stepHandler({
  name: 'decide-access',
  input: z.strictObject({ requestId: z.string() }),
  output: z.strictObject({
    outcome: z.enum(['permitted', 'approval_required', 'step_up_required', 'denied']),
    approvalTimeoutSeconds: z.int().positive(),
    stepUpTimeoutSeconds: z.int().positive(),
  }),
  step: decideAccess({
    deployment: readDeployment(import.meta.dirname),
    policies: policiesInForce(import.meta.dirname, ledger),
    ledger,
    clock: systemClock,
  }),
});
