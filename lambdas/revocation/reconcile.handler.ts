import * as z from 'zod';
import { dynamoDbBookmarks } from '../platform/bookmarks.dynamodb.ts';
import { newDynamoDb, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepFunctionsExecutions } from '../platform/executions.step-functions.ts';
import { cloudWatchMetrics } from '../platform/metrics.cloudwatch.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { startRotation } from '../rotation/start-rotation.step.ts';
import { stepFunctionsContainmentWorkflow } from './containment-workflow.step-functions.ts';
import { orphanInspections } from './end-orphans.step.ts';
import { endingDependencies } from './ending-dependencies.aws.ts';
import { ReconcileEnvironment } from './environment.ts';
import { reconcile } from './reconcile.step.ts';
import { containmentInspection } from './reconcile-containments.step.ts';
import { grantInspections } from './reconcile-grants.step.ts';
import { requestInspection } from './reconcile-requests.step.ts';

const environment = parseEnvironment(ReconcileEnvironment, process.env);
const database = newDynamoDb();
const stepFunctions = newStepFunctions();
const metrics = cloudWatchMetrics();
const dependencies = {
  ...endingDependencies(environment, import.meta.dirname, startRotation),
  executions: stepFunctionsExecutions(stepFunctions, environment.REQUEST_ACCESS_STATE_MACHINE_ARN),
  bookmarks: dynamoDbBookmarks(database, environment.TABLE_NAME),
  metrics,
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
      containmentInspection({
        ...dependencies,
        workflow: stepFunctionsContainmentWorkflow(
          stepFunctions,
          environment.CONTAIN_INCIDENT_STATE_MACHINE_ARN,
        ),
        executions: stepFunctionsExecutions(stepFunctions, environment.CONTAIN_INCIDENT_STATE_MACHINE_ARN),
      }),
      requestInspection(dependencies),
      ...orphanInspections(dependencies),
      ...grantInspections(dependencies),
    ],
    metrics,
    clock: systemClock,
  }),
});
