import * as z from 'zod';
import { newStepFunctions } from '../platform/clients.aws.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { stepFunctionsContainmentWorkflow } from './containment-workflow.step-functions.ts';
import { HandOverContainmentEnvironment } from './environment.ts';
import { handOverContainment } from './hand-over-containment.step.ts';

const environment = parseEnvironment(HandOverContainmentEnvironment, process.env);
const pages = z.array(z.int().positive());

export const handler = stepHandler({
  name: 'hand-over-containment',
  input: z.strictObject({
    revocationId: z.string(),
    leg: z.int().min(2),
    resumes: z.literal(false),
    openPages: pages,
    openSessions: pages,
    unsignalled: pages,
    unreleased: pages,
  }),
  output: z.strictObject({ outcome: z.literal('handed-over') }),
  step: handOverContainment({
    workflow: stepFunctionsContainmentWorkflow(
      newStepFunctions(),
      environment.CONTAIN_INCIDENT_STATE_MACHINE_ARN,
    ),
  }),
});
