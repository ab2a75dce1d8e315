import * as z from 'zod';
import { newKms, newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { kmsTaskTokenSealer } from '../platform/task-tokens.kms.ts';
import { RequestStepUpEnvironment } from './environment.ts';
import { requestStepUp } from './request-step-up.step.ts';

const environment = parseEnvironment(RequestStepUpEnvironment, process.env);

export const handler = stepHandler({
  name: 'request-step-up',
  input: z.strictObject({ requestId: z.string(), taskToken: z.string() }),
  output: z.strictObject({ outcome: z.literal('waiting') }),
  step: requestStepUp({
    ledger: newLedger(environment.TABLE_NAME),
    taskTokens: kmsTaskTokenSealer(newKms(), environment.TASK_TOKEN_KEY_ID),
    clock: systemClock,
  }),
});
