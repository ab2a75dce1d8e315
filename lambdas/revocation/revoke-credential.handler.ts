import * as z from 'zod';
import { oauthJwtRevoker } from '../minting/connectors/oauth-jwt/revoker.oauth-jwt.ts';
import { EndReason, PathFailure } from '../minting/grant.ts';
import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { RevokeCredentialEnvironment } from './environment.ts';
import { revokeCredential } from './revoke-credential.step.ts';

const environment = parseEnvironment(RevokeCredentialEnvironment, process.env);
const ledger = newLedger(environment.TABLE_NAME);

export const handler = stepHandler({
  name: 'revoke-credential',
  input: z.strictObject({ requestId: z.string(), reason: EndReason, failure: PathFailure.optional() }),
  output: z.strictObject({ outcome: z.literal('revoked') }),
  step: revokeCredential({
    deployment: readDeployment(import.meta.dirname),
    revokers: { 'oauth-jwt': oauthJwtRevoker(ledger) },
    ledger,
    clock: systemClock,
  }),
});
