import { newKms, newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { joseIssuedTokenVerifier } from '../platform/issued-token.jose.ts';
import { kmsPublicKey } from '../platform/signer.kms.ts';
import { stepFunctionsWaitingWorkflow } from '../platform/task-tokens.kms.ts';
import { RevokeTokenEnvironment } from './environment.ts';
import { revokeTokenRoute } from './oauth.routes.ts';
import { revokeToken } from './revoke-token.step.ts';

const environment = parseEnvironment(RevokeTokenEnvironment, process.env);
const kms = newKms();
const revoke = revokeToken({
  tokens: joseIssuedTokenVerifier(environment.ISSUER, {
    session: kmsPublicKey(kms, environment.SESSION_SIGNING_KEY_ID),
    grant: kmsPublicKey(kms, environment.GRANT_SIGNING_KEY_ID),
  }),
  ledger: newLedger(environment.TABLE_NAME),
  workflow: stepFunctionsWaitingWorkflow(kms, environment.TASK_TOKEN_KEY_ID, newStepFunctions()),
  clock: systemClock,
});

export const handler = httpHandler('revoke-token', [
  serve(revokeTokenRoute, async ({ caller, body }) => {
    await revoke(caller, body.token);
    return { status: 200 };
  }),
]);
