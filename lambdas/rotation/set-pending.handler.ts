import * as z from 'zod';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { SetPendingEnvironment } from './environment.ts';
import { rotationDependencies } from './rotation-dependencies.aws.ts';
import { setPending } from './set-pending.step.ts';

const environment = parseEnvironment(SetPendingEnvironment, process.env);

export const handler = stepHandler({
  name: 'set-pending',
  input: z.strictObject({ rotationId: z.string() }),
  output: z.strictObject({ outcome: z.literal('set'), propagationSeconds: z.int() }),
  step: setPending(rotationDependencies(environment, import.meta.dirname)),
});
