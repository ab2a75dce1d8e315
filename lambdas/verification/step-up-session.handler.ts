import { newKms, newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { timeDocument } from '../platform/documents.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { kmsSigner } from '../platform/signer.kms.ts';
import { stepFunctionsWaitingWorkflow } from '../platform/task-tokens.kms.ts';
import { wakeRequests } from '../requests/wake-requests.ts';
import { answerStepUp } from './answer-step-up.step.ts';
import { beginStepUp } from './begin-step-up.step.ts';
import { StepUpSessionEnvironment } from './environment.ts';
import { simpleWebAuthnPasskeys } from './passkeys.simplewebauthn.ts';
import { sessionTokens } from './session-token.ts';
import {
  answerStepUpRoute,
  beginStepUpRoute,
  type StepUpAnswer,
  type StepUpDocument,
} from './step-ups.routes.ts';
import { kmsTotpSeeds } from './totp-seeds.kms.ts';

const environment = parseEnvironment(StepUpSessionEnvironment, process.env);
const kms = newKms();
const ledger = newLedger(environment.TABLE_NAME);
const dependencies = {
  ledger,
  passkeys: simpleWebAuthnPasskeys(readDeployment(import.meta.dirname).webauthn),
  totpSeeds: kmsTotpSeeds(kms, environment.TOTP_SEED_KEY_ID),
  issueToken: sessionTokens({
    signer: kmsSigner(kms, environment.SESSION_SIGNING_KEY_ID),
    ids: randomIds,
    issuer: environment.ISSUER,
  }),
  waiters: wakeRequests({
    ledger,
    workflow: stepFunctionsWaitingWorkflow(kms, environment.TASK_TOKEN_KEY_ID, newStepFunctions()),
  }),
  issuer: environment.ISSUER,
  clock: systemClock,
  ids: randomIds,
};
const begin = beginStepUp(dependencies);
const answer = answerStepUp(dependencies);
const levels = { 'nist-aal2': 2, 'nist-aal3': 3 } as const;

export const handler = httpHandler('step-up-session', [
  serve(beginStepUpRoute, async ({ caller, parameters, body }) => {
    const { stepUp, publicKey } = await begin(caller, parameters['id'] ?? '', {
      aal: body.acr_values && levels[body.acr_values],
      method: body.method,
    });
    return {
      status: 201,
      body: {
        id: stepUp.id,
        method: stepUp.method,
        expires_at: timeDocument(stepUp.expiresAtEpochSeconds),
        ...(publicKey === undefined ? {} : { public_key: publicKey }),
      } satisfies StepUpDocument,
    };
  }),
  serve(answerStepUpRoute, async ({ caller, parameters, body }) => {
    const { token, acr, evidence } = await answer(caller, parameters['id'] ?? '', body);
    return {
      status: 200,
      body: {
        access_token: token.accessToken,
        token_type: token.tokenType,
        expires_in: token.expiresInSeconds,
        ...(acr === undefined ? {} : { acr }),
        evidence,
      } satisfies StepUpAnswer,
    };
  }),
]);
