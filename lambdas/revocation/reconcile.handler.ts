import * as z from 'zod';
import { allRevokers } from '../minting/connectors/revokers.aws.ts';
import { secretsManagerVault } from '../minting/credential-vault.secrets-manager.ts';
import { dynamoDbBookmarks } from '../platform/bookmarks.dynamodb.ts';
import { newDynamoDb, newKms, newSecretsManager, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { randomIds } from '../platform/ids.random.ts';
import { dynamoDbLedger } from '../platform/ledger.dynamodb.ts';
import { cloudWatchMetrics } from '../platform/metrics.cloudwatch.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { stepFunctionsWaitingWorkflow } from '../platform/task-tokens.kms.ts';
import { stepFunctionsRequestExecutions } from '../requests/request-executions.step-functions.ts';
import { stepFunctionsRotationWorkflow } from '../rotation/rotation-workflow.step-functions.ts';
import { startRotation } from '../rotation/start-rotation.step.ts';
import { orphanInspections } from './end-orphans.step.ts';
import { ReconcileEnvironment } from './environment.ts';
import { reconcile } from './reconcile.step.ts';
import { grantInspections } from './reconcile-grants.step.ts';
import { requestInspection } from './reconcile-requests.step.ts';

const environment = parseEnvironment(ReconcileEnvironment, process.env);
const database = newDynamoDb();
const ledger = dynamoDbLedger(database, environment.TABLE_NAME);
const secretsManager = newSecretsManager();
const stepFunctions = newStepFunctions();
const metrics = cloudWatchMetrics();
const deployment = readDeployment(import.meta.dirname);
const dependencies = {
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
  executions: stepFunctionsRequestExecutions(stepFunctions, environment.REQUEST_ACCESS_STATE_MACHINE_ARN),
  bookmarks: dynamoDbBookmarks(database, environment.TABLE_NAME),
  ledger,
  metrics,
  clock: systemClock,
};

export const handler = stepHandler({
  name: 'reconcile',
  input: z.strictObject({}),
  output: z.strictObject({
    outcome: z.enum(['in-order', 'repaired', 'unresolved']),
    findings: z.record(z.enum(['fine', 'repaired', 'unresolved', 'unknown']), z.int()),
  }),
  step: reconcile({
    // The last has all the time that the others leave.
    inspections: [
      requestInspection(dependencies),
      ...orphanInspections(dependencies),
      ...grantInspections(dependencies),
    ],
    metrics,
    clock: systemClock,
  }),
});
