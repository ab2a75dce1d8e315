import * as z from 'zod';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { createPending } from './create-pending.step.ts';
import { CreatePendingEnvironment } from './environment.ts';
import { rotationDependencies } from './rotation-dependencies.aws.ts';

const environment = parseEnvironment(CreatePendingEnvironment, process.env);

export const handler = stepHandler({
  name: 'create-pending',
  input: z.strictObject({ rotationId: z.string() }),
  output: z.strictObject({ outcome: z.literal('created') }),
  step: createPending(rotationDependencies(environment, import.meta.dirname)),
});
