import * as z from 'zod';
import { newKms, newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { kmsTaskTokenSealer } from '../platform/task-tokens.kms.ts';
import { HoldGrantEnvironment } from './environment.ts';
import { holdGrant } from './hold-grant.step.ts';

const environment = parseEnvironment(HoldGrantEnvironment, process.env);

export const handler = stepHandler({
  name: 'hold-grant',
  input: z.strictObject({ requestId: z.string(), taskToken: z.string() }),
  output: z.strictObject({ outcome: z.literal('held') }),
  step: holdGrant({
    ledger: newLedger(environment.TABLE_NAME),
    taskTokens: kmsTaskTokenSealer(newKms(), environment.TASK_TOKEN_KEY_ID),
    clock: systemClock,
  }),
});
