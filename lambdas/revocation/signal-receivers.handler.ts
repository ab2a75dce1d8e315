import { newKms, newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { kmsSigner } from '../platform/signer.kms.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { SignalReceiversEnvironment } from './environment.ts';
import { PageInput, PageOutput } from './read-page.ts';
import { httpsSignalDelivery } from './signal-delivery.https.ts';
import { signalReceivers } from './signal-receivers.step.ts';

const environment = parseEnvironment(SignalReceiversEnvironment, process.env);

export const handler = stepHandler({
  name: 'signal-receivers',
  input: PageInput,
  output: PageOutput,
  step: signalReceivers({
    deployment: readDeployment(import.meta.dirname),
    ledger: newLedger(environment.TABLE_NAME),
    signer: kmsSigner(newKms(), environment.SIGNAL_SIGNING_KEY_ID),
    delivery: httpsSignalDelivery(newSecretsManager()),
    issuer: environment.ISSUER,
    clock: systemClock,
  }),
});
