import * as z from 'zod';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { RollBackRotationEnvironment } from './environment.ts';
import { rollBackRotation } from './roll-back-rotation.step.ts';
import { rotationDependencies } from './rotation-dependencies.aws.ts';

const environment = parseEnvironment(RollBackRotationEnvironment, process.env);

export const handler = stepHandler({
  name: 'roll-back-rotation',
  input: z.strictObject({ rotationId: z.string() }),
  output: z.strictObject({ outcome: z.enum(['rolled_back', 'finished', 'over']) }),
  step: rollBackRotation(rotationDependencies(environment, import.meta.dirname)),
});
