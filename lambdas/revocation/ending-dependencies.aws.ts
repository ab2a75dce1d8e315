import { allRevokers } from '../minting/connectors/revokers.aws.ts';
import type { RotateSecret } from '../minting/connectors/secret/revoker.secret.ts';
import { secretsManagerVault } from '../minting/credential-vault.secrets-manager.ts';
import { newKms, newLedger, newSecretsManager, newStepFunctions } from '../platform/clients.aws.ts';
import type { Clock } from '../platform/clock.port.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import type { Ids } from '../platform/ids.port.ts';
import { randomIds } from '../platform/ids.random.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { stepFunctionsWaitingWorkflow } from '../platform/task-tokens.kms.ts';
import type { RotationWorkflow } from '../rotation/rotation-workflow.port.ts';
import { stepFunctionsRotationWorkflow } from '../rotation/rotation-workflow.step-functions.ts';

interface Environment {
  readonly TABLE_NAME: string;
  readonly SECRETS_ARN: string;
  readonly TASK_TOKEN_KEY_ID: string;
  readonly ROTATE_SECRET_STATE_MACHINE_ARN: string;
}

/** How the rotation of a managed secret is started: `startRotation`. */
type StartRotation = (dependencies: {
  readonly ledger: Ledger;
  readonly workflow: RotationWorkflow;
  readonly clock: Clock;
  readonly ids: Ids;
}) => RotateSecret;

/** What a step that ends grants is composed with. */
export function endingDependencies(environment: Environment, directory: string, start: StartRotation) {
  const secretsManager = newSecretsManager();
  const stepFunctions = newStepFunctions();
  const deployment = readDeployment(directory);
  const ledger = newLedger(environment.TABLE_NAME);
  const rotate = start({
    ledger,
    workflow: stepFunctionsRotationWorkflow(stepFunctions, environment.ROTATE_SECRET_STATE_MACHINE_ARN),
    clock: systemClock,
    ids: randomIds,
  });
  return {
    deployment,
    revokers: allRevokers({ deployment, ledger, secretsManager, rotate }),
    vault: secretsManagerVault(secretsManager, environment.SECRETS_ARN),
    workflow: stepFunctionsWaitingWorkflow(newKms(), environment.TASK_TOKEN_KEY_ID, stepFunctions),
    ledger,
    clock: systemClock,
  };
}
