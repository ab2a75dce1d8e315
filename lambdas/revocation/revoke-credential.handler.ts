import * as z from 'zod';
import { EndReason, PathFailure } from '../minting/grant.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { startRotation } from '../rotation/start-rotation.step.ts';
import { endingDependencies } from './ending-dependencies.aws.ts';
import { RevokeCredentialEnvironment } from './environment.ts';
import { revokeCredential } from './revoke-credential.step.ts';

const environment = parseEnvironment(RevokeCredentialEnvironment, process.env);

export const handler = stepHandler({
  name: 'revoke-credential',
  input: z.strictObject({ requestId: z.string(), reason: EndReason, failure: PathFailure.optional() }),
  output: z.strictObject({ outcome: z.literal('revoked') }),
  step: revokeCredential(endingDependencies(environment, import.meta.dirname, startRotation)),
});
