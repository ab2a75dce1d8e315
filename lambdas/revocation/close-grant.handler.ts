import * as z from 'zod';
import { PathFailure } from '../minting/grant.ts';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { closeGrant } from './close-grant.step.ts';
import { CloseGrantEnvironment } from './environment.ts';

const environment = parseEnvironment(CloseGrantEnvironment, process.env);

export const handler = stepHandler({
  name: 'close-grant',
  input: z.strictObject({ requestId: z.string(), failure: PathFailure.optional() }),
  output: z.strictObject({ outcome: z.enum(['ended', 'failed']) }),
  step: closeGrant({ ledger: newLedger(environment.TABLE_NAME), clock: systemClock }),
});
