import { allRevokers } from '../minting/connectors/revokers.aws.ts';
import { secretsManagerVault } from '../minting/credential-vault.secrets-manager.ts';
import { newKms, newLedger, newSecretsManager, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { randomIds } from '../platform/ids.random.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { stepFunctionsWaitingWorkflow } from '../platform/task-tokens.kms.ts';
import { stepFunctionsRotationWorkflow } from '../rotation/rotation-workflow.step-functions.ts';
import { startRotation } from '../rotation/start-rotation.step.ts';
import { RevokeGrantsEnvironment } from './environment.ts';
import { PageInput, PageOutput } from './read-page.ts';
import { revokeGrants } from './revoke-grants.step.ts';

const environment = parseEnvironment(RevokeGrantsEnvironment, process.env);
const secretsManager = newSecretsManager();
const stepFunctions = newStepFunctions();
const deployment = readDeployment(import.meta.dirname);
const ledger = newLedger(environment.TABLE_NAME);

export const handler = stepHandler({
  name: 'revoke-grants',
  input: PageInput,
  output: PageOutput,
  step: revokeGrants({
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
