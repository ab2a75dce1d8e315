import { newLedger, newSecretsManager } from '../platform/clients.aws.ts';
import { systemClock } from '../platform/clock.system.ts';
import { readDeployment } from '../platform/deployment.file.ts';
import { parseEnvironment } from '../platform/environment.ts';
import { httpHandler, serve } from '../platform/http-handler.middy.ts';
import { randomIds } from '../platform/ids.random.ts';
import { log } from '../platform/logger.powertools.ts';
import { jweCursors } from '../platform/page-cursor.jose.ts';
import type { Caller } from '../verification/caller.ts';
import { SearchAccessEnvironment } from './environment.ts';
import { policiesInForce } from './policies-in-force.aws.ts';
import { searchActionsRoute, searchResourcesRoute, searchSubjectsRoute } from './search.routes.ts';
import { type SearchAnswer, searchAccess } from './search-access.step.ts';

const environment = parseEnvironment(SearchAccessEnvironment, process.env);
const ledger = newLedger(environment.TABLE_NAME);
const search = searchAccess({
  deployment: readDeployment(import.meta.dirname),
  policies: policiesInForce(import.meta.dirname, ledger),
  ledger,
  cursors: jweCursors(newSecretsManager(), environment.DERIVATION_SECRET_ID),
  clock: systemClock,
  ids: randomIds,
});

/** A search changes nothing, so it has no event in a chain; this line is its record. */
function answer({ principal }: Caller, found: SearchAnswer<object>) {
  log.info('search-access answered', { principal: principal.id, outcome: `${found.results.length} found` });
  return { status: 200, body: found };
}

export const handler = httpHandler('search-access', [
  serve(searchSubjectsRoute, async ({ caller, body }) => answer(caller, await search.subjects(caller, body))),
  serve(searchResourcesRoute, async ({ caller, body }) =>
    answer(caller, await search.resources(caller, body)),
  ),
  serve(searchActionsRoute, async ({ caller, body }) => answer(caller, await search.actions(caller, body))),
]);
