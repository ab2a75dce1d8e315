import * as z from 'zod';
import { newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { randomIds } from '../platform/ids.random.ts';
import { describeFailure, log } from '../platform/logger.powertools.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { RotateDueSecretsEnvironment } from './environment.ts';
import { rotateDueSecrets } from './rotate-due-secrets.step.ts';
import { stepFunctionsRotationWorkflow } from './rotation-workflow.step-functions.ts';
import { startRotation } from './start-rotation.step.ts';

const environment = parseEnvironment(RotateDueSecretsEnvironment, process.env);
const ledger = newLedger(environment.TABLE_NAME);

export const handler = stepHandler({
  name: 'rotate-due-secrets',
  input: z.looseObject({}),
  output: z.strictObject({ outcome: z.literal('looked'), started: z.int() }),
  step: rotateDueSecrets({
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
    notStarted: (secret, error) =>
      log.error('rotate-due-secrets could not start a rotation', { secret, failure: describeFailure(error) }),
    clock: systemClock,
    ids: randomIds,
  }),
});
