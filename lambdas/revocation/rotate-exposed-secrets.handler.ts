import * as z from 'zod';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { RotateExposedSecretsEnvironment } from './environment.ts';
import { rotateExposedSecrets } from './rotate-exposed-secrets.step.ts';
import { noManagedSecrets } from './secret-rotations.port.ts';

const environment = parseEnvironment(RotateExposedSecretsEnvironment, process.env);

export const handler = stepHandler({
  name: 'rotate-exposed-secrets',
  input: z.strictObject({ revocationId: z.string() }),
  output: z.strictObject({ open: z.int() }),
  step: rotateExposedSecrets({
    ledger: newLedger(environment.TABLE_NAME),
    secrets: noManagedSecrets,
    clock: systemClock,
  }),
});
