import * as z from 'zod';
import { newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { randomIds } from '../platform/ids.random.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { stepFunctionsRotationWorkflow } from '../rotation/rotation-workflow.step-functions.ts';
import { startRotation } from '../rotation/start-rotation.step.ts';
import { RotateExposedSecretsEnvironment } from './environment.ts';
import { exposedSecretRotations } from './managed-secret-rotations.step.ts';
import { rotateExposedSecrets } from './rotate-exposed-secrets.step.ts';

const environment = parseEnvironment(RotateExposedSecretsEnvironment, process.env);

const ledger = newLedger(environment.TABLE_NAME);

export const handler = stepHandler({
  name: 'rotate-exposed-secrets',
  input: z.strictObject({ revocationId: z.string() }),
  output: z.strictObject({ open: z.int() }),
  step: rotateExposedSecrets({
    ledger,
    secrets: exposedSecretRotations({
      ledger,
      start: startRotation({
        ledger,
        workflow: stepFunctionsRotationWorkflow(
          newStepFunctions(),
          environment.ROTATE_SECRET_STATE_MACHINE_ARN,
        ),
        clock: systemClock,
        ids: randomIds,
      }),
    }),
    clock: systemClock,
  }),
});
