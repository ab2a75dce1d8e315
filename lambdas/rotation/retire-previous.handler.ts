import * as z from 'zod';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { RetirePreviousEnvironment } from './environment.ts';
import { retirePrevious } from './retire-previous.step.ts';
import { rotationDependencies } from './rotation-dependencies.aws.ts';

const environment = parseEnvironment(RetirePreviousEnvironment, process.env);

export const handler = stepHandler({
  name: 'retire-previous',
  input: z.strictObject({ rotationId: z.string() }),
  output: z.strictObject({ outcome: z.literal('succeeded') }),
  step: retirePrevious(rotationDependencies(environment, import.meta.dirname)),
});
