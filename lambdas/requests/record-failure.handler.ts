import * as z from 'zod';
import { PathFailure } from '../minting/grant.ts';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { RecordFailureEnvironment } from './environment.ts';
import { recordFailure } from './record-failure.step.ts';

const environment = parseEnvironment(RecordFailureEnvironment, process.env);

export const handler = stepHandler({
  name: 'record-failure',
  input: z.strictObject({ requestId: z.string(), failure: PathFailure }),
  output: z.strictObject({ outcome: z.literal('failed') }),
  step: recordFailure({ ledger: newLedger(environment.TABLE_NAME), clock: systemClock }),
});
