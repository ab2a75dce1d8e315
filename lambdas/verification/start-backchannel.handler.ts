import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { type BackchannelAnswer, startBackchannelRoute } from './backchannel.routes.ts';
import { POLL_INTERVAL_SECONDS } from './backchannel.ts';
import { StartBackchannelEnvironment } from './environment.ts';
import { startBackchannel } from './start-backchannel.step.ts';

const environment = parseEnvironment(StartBackchannelEnvironment, process.env);
const start = startBackchannel({
  deployment: readDeployment(import.meta.dirname),
  ledger: newLedger(environment.TABLE_NAME),
  clock: systemClock,
  ids: randomIds,
});

export const handler = httpHandler('start-backchannel', [
  serve(startBackchannelRoute, async ({ caller, body }) => {
    const call = await start(caller, body);
    return {
      status: 200,
      body: {
        auth_req_id: call.id,
        expires_in: call.expiresAtEpochSeconds - call.createdAtEpochSeconds,
        interval: POLL_INTERVAL_SECONDS,
      } satisfies BackchannelAnswer,
    };
  }),
]);
