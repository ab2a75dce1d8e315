import { newKms, newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { joseIssuedTokenVerifier } from '../platform/issued-token.jose.ts';
import { kmsPublicKey } from '../platform/signer.kms.ts';
import { stepFunctionsContainmentWorkflow } from './containment-workflow.step-functions.ts';
import { StartRevocationEnvironment } from './environment.ts';
import { exposedSecrets } from './managed-secret-rotations.step.ts';
import { revocationDocument } from './revocation-document.ts';
import { startRevocationRoute } from './revocations.routes.ts';
import { startRevocation } from './start-revocation.step.ts';

const environment = parseEnvironment(StartRevocationEnvironment, process.env);
const kms = newKms();
const ledger = newLedger(environment.TABLE_NAME);
const start = startRevocation({
  deployment: readDeployment(import.meta.dirname),
  ledger,
  tokens: joseIssuedTokenVerifier(environment.ISSUER, {
    session: kmsPublicKey(kms, environment.SESSION_SIGNING_KEY_ID),
    grant: kmsPublicKey(kms, environment.GRANT_SIGNING_KEY_ID),
  }),
  secrets: exposedSecrets(ledger),
  workflow: stepFunctionsContainmentWorkflow(
    newStepFunctions(),
    environment.CONTAIN_INCIDENT_STATE_MACHINE_ARN,
  ),
  clock: systemClock,
  ids: randomIds,
});

export const handler = httpHandler('start-revocation', [
  serve(startRevocationRoute, async ({ caller, body }) => {
    const revocation = await start(caller, body);
    return {
      status: 202,
      body: { revocation: revocationDocument(revocation) },
      headers: { location: `/v1/revocations/${revocation.id}` },
    };
  }),
]);
