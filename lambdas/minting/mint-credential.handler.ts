import * as z from 'zod';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { MintCredentialEnvironment } from './environment.ts';
import { mintCredential } from './mint-credential.step.ts';

const environment = parseEnvironment(MintCredentialEnvironment, process.env);

export const handler = stepHandler({
  name: 'mint-credential',
  input: z.strictObject({ requestId: z.string() }),
  output: z.strictObject({ outcome: z.literal('active'), expiresAt: z.iso.datetime() }),
  step: mintCredential({ ledger: newLedger(environment.TABLE_NAME), clock: systemClock }),
});
