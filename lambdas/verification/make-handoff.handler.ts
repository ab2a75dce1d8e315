import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { timeDocument } from '../platform/documents.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { MakeHandoffEnvironment } from './environment.ts';
import { makeHandoff } from './make-handoff.step.ts';
import { makeHandoffRoute } from './session.routes.ts';

const environment = parseEnvironment(MakeHandoffEnvironment, process.env);
const make = makeHandoff({
  ledger: newLedger(environment.TABLE_NAME),
  clock: systemClock,
  ids: randomIds,
});

export const handler = httpHandler('make-handoff', [
  serve(makeHandoffRoute, async ({ caller, parameters, body }) => {
    const wanted = { targetChannel: body.target_channel, to: body.to };
    const { code, handoff } = await make(caller, parameters['id'] ?? '', wanted);
    return {
      status: 201,
      body: { handoff: code, expires_at: timeDocument(handoff.expiresAtEpochSeconds) },
    };
  }),
]);
