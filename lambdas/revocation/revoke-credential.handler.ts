import * as z from 'zod';
import { allRevokers } from '../minting/connectors/revokers.aws.ts';
import { secretsManagerVault } from '../minting/credential-vault.secrets-manager.ts';
import { EndReason, PathFailure } from '../minting/grant.ts';
import { newKms, newLedger, newSecretsManager, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { randomIds } from '../platform/ids.random.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { stepFunctionsWaitingWorkflow } from '../platform/task-tokens.kms.ts';
import { stepFunctionsRotationWorkflow } from '../rotation/rotation-workflow.step-functions.ts';
import { startRotation } from '../rotation/start-rotation.step.ts';
import { RevokeCredentialEnvironment } from './environment.ts';
import { revokeCredential } from './revoke-credential.step.ts';

const environment = parseEnvironment(RevokeCredentialEnvironment, process.env);
const secretsManager = newSecretsManager();
const stepFunctions = newStepFunctions();
const deployment = readDeployment(import.meta.dirname);
const ledger = newLedger(environment.TABLE_NAME);

export const handler = stepHandler({
  name: 'revoke-credential',
  input: z.strictObject({ requestId: z.string(), reason: EndReason, failure: PathFailure.optional() }),
  output: z.strictObject({ outcome: z.literal('revoked') }),
  step: revokeCredential({
    deployment,
    revokers: allRevokers({
      deployment,
      ledger,
      secretsManager,
      rotate: startRotation({
        ledger,
        workflow: stepFunctionsRotationWorkflow(stepFunctions, environment.ROTATE_SECRET_STATE_MACHINE_ARN),
        clock: systemClock,
        ids: randomIds,
      }),
    }),
    vault: secretsManagerVault(secretsManager, environment.SECRETS_ARN),
    workflow: stepFunctionsWaitingWorkflow(newKms(), environment.TASK_TOKEN_KEY_ID, stepFunctions),
    ledger,
    clock: systemClock,
  }),
});
