import { newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { findConnection } from './connection.ts';
import { RegisterSecretEnvironment } from './environment.ts';
import { registerSecret } from './register-secret.step.ts';
import { stepFunctionsRotationWorkflow } from './rotation-workflow.step-functions.ts';
import { rotationDocument, secretDocument } from './secret-document.ts';
import { registerSecretRoute } from './secrets.routes.ts';

const environment = parseEnvironment(RegisterSecretEnvironment, process.env);
const deployment = readDeployment(import.meta.dirname);
const register = registerSecret({
  deployment,
  ledger: newLedger(environment.TABLE_NAME),
  workflow: stepFunctionsRotationWorkflow(newStepFunctions(), environment.ROTATE_SECRET_STATE_MACHINE_ARN),
  clock: systemClock,
  ids: randomIds,
});

export const handler = httpHandler('register-secret', [
  serve(registerSecretRoute, async ({ caller, body }) => {
    const { secret, rotation } = await register(caller, body);
    return {
      status: 202,
      body: {
        secret: secretDocument(secret, findConnection(deployment, secret.id)),
        rotation: rotationDocument(rotation),
      },
      headers: { location: `/v1/secrets/${secret.id}` },
    };
  }),
]);
