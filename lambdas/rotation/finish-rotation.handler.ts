import * as z from 'zod';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { FinishRotationEnvironment } from './environment.ts';
import { finishRotation } from './finish-rotation.step.ts';
import { rotationDependencies } from './rotation-dependencies.aws.ts';

const environment = parseEnvironment(FinishRotationEnvironment, process.env);

export const handler = stepHandler({
  name: 'finish-rotation',
  input: z.strictObject({ rotationId: z.string() }),
  output: z.strictObject({ outcome: z.literal('finished') }),
  step: finishRotation(rotationDependencies(environment, import.meta.dirname)),
});
