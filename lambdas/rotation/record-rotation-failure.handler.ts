import * as z from 'zod';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { RecordRotationFailureEnvironment } from './environment.ts';
import { recordRotationFailure } from './record-rotation-failure.step.ts';
import { RotationFailure } from './rotation.ts';
import { rotationDependencies } from './rotation-dependencies.aws.ts';

const environment = parseEnvironment(RecordRotationFailureEnvironment, process.env);

export const handler = stepHandler({
  name: 'record-rotation-failure',
  input: z.strictObject({ rotationId: z.string(), failure: RotationFailure }),
  output: z.strictObject({ outcome: z.enum(['succeeded', 'failed', 'unresolved']) }),
  step: recordRotationFailure(rotationDependencies(environment, import.meta.dirname)),
});
