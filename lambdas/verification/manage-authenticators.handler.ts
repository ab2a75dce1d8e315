import { newLedger } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { authenticatorsOf } from './authenticator.ts';
import { authenticatorDocument } from './authenticator-document.ts';
import { listAuthenticatorsRoute, revokeAuthenticatorRoute } from './authenticators.routes.ts';
import { ManageAuthenticatorsEnvironment } from './environment.ts';
import { revokeAuthenticator } from './revoke-authenticator.step.ts';

const environment = parseEnvironment(ManageAuthenticatorsEnvironment, process.env);
const ledger = newLedger(environment.TABLE_NAME);
const revoke = revokeAuthenticator({ ledger, clock: systemClock });

export const handler = httpHandler('manage-authenticators', [
  serve(listAuthenticatorsRoute, async ({ caller }) => {
    // Whoever acts for a person has no part in what that person has.
    const own = caller.actors.length > 0 ? [] : await authenticatorsOf(ledger, caller.principal.id);
    return { status: 200, body: { authenticators: own.map(authenticatorDocument) } };
  }),
  serve(revokeAuthenticatorRoute, async ({ caller, parameters }) => ({
    status: 200,
    body: { authenticator: authenticatorDocument(await revoke(caller, parameters['id'] ?? '')) },
  })),
]);
