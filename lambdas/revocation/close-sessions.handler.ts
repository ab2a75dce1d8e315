import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { stepHandler } from '../platform/step-handler.middy.ts';
import { closeSessions } from './close-sessions.step.ts';
import { CloseSessionsEnvironment } from './environment.ts';
import { PageInput, PageOutput } from './read-page.ts';

const environment = parseEnvironment(CloseSessionsEnvironment, process.env);

export const handler = stepHandler({
  name: 'close-sessions',
  input: PageInput,
  output: PageOutput,
  step: closeSessions({
    ledger: newLedger(environment.TABLE_NAME),
    clock: systemClock,
  }),
});
