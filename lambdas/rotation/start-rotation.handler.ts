import { newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { StartRotationEnvironment } from './environment.ts';
import { rotateOnDemand } from './rotate-on-demand.step.ts';
import { stepFunctionsRotationWorkflow } from './rotation-workflow.step-functions.ts';
import { rotationDocument } from './secret-document.ts';
import { startRotationRoute } from './secrets.routes.ts';
import { startRotation } from './start-rotation.step.ts';

const environment = parseEnvironment(StartRotationEnvironment, process.env);
const ledger = newLedger(environment.TABLE_NAME);
const rotate = rotateOnDemand({
  deployment: readDeployment(import.meta.dirname),
  ledger,
  start: startRotation({
    ledger,
    workflow: stepFunctionsRotationWorkflow(newStepFunctions(), environment.ROTATE_SECRET_STATE_MACHINE_ARN),
    clock: systemClock,
    ids: randomIds,
  }),
});

export const handler = httpHandler('start-rotation', [
  serve(startRotationRoute, async ({ caller, parameters }) => {
    const rotation = rotationDocument(await rotate(caller, parameters['id'] ?? ''));
    return { status: 202, body: { rotation }, headers: { location: `/v1/rotations/${rotation.id}` } };
  }),
]);
