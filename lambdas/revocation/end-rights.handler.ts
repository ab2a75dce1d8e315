import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { endRights } from './end-rights.step.ts';
import { EndRightsEnvironment } from './environment.ts';
import { PageInput, PageOutput } from './read-page.ts';

const environment = parseEnvironment(EndRightsEnvironment, process.env);

export const handler = stepHandler({
  name: 'end-rights',
  input: PageInput,
  output: PageOutput,
  step: endRights({
    ledger: newLedger(environment.TABLE_NAME),
    clock: systemClock,
  }),
});
