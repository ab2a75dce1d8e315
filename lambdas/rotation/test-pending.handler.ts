import * as z from 'zod';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { TestPendingEnvironment } from './environment.ts';
import { rotationDependencies } from './rotation-dependencies.aws.ts';
import { testPending } from './test-pending.step.ts';

const environment = parseEnvironment(TestPendingEnvironment, process.env);

export const handler = stepHandler({
  name: 'test-pending',
  input: z.strictObject({ rotationId: z.string() }),
  output: z.discriminatedUnion('outcome', [
    z.strictObject({ outcome: z.literal('works') }),
    z.strictObject({ outcome: z.literal('refused'), why: z.string() }),
  ]),
  step: testPending(rotationDependencies(environment, import.meta.dirname)),
});
