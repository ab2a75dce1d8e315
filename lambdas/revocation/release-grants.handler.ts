import { newKms, newLedger, newStepFunctions } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { stepFunctionsWaitingWorkflow } from '../platform/task-tokens.kms.ts';
import { ReleaseGrantsEnvironment } from './environment.ts';
import { PageInput, PageOutput } from './read-page.ts';
import { releaseGrants } from './release-grants.step.ts';

const environment = parseEnvironment(ReleaseGrantsEnvironment, process.env);

export const handler = stepHandler({
  name: 'release-grants',
  input: PageInput,
  output: PageOutput,
  step: releaseGrants({
    ledger: newLedger(environment.TABLE_NAME),
    clock: systemClock,
    workflow: stepFunctionsWaitingWorkflow(newKms(), environment.TASK_TOKEN_KEY_ID, newStepFunctions()),
  }),
});
