/**
 * Kills Sallyport at random moments under load, and checks after each restart that nothing of what it has
 * promised is lost, and nothing done twice.
 *
 *     npm run test:crash -- [--kills 100] [--seed N]
 */
import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ApiClient } from '../../demo/api-client.ts';
import { demoDeployment } from '../../demo/deployment.ts';
import { startIdentityProvider } from '../../demo/identity-provider.ts';
import { type SallyportTokenOptions, sallyportToken } from '../../demo/persona-token.ts';
import type { PersonaId } from '../../demo/personas.ts';
import { startDemo } from '../../demo/start-demo.ts';
import { ensureAssembly, withDeployment } from '../../local/synthesise.ts';
import { type DoomedSallyport, startDoomed } from '../support/doomed-sallyport.ts';
import { Checks } from './checks.ts';
import { type Surroundings, Violation } from './client-story.ts';
import { Load } from './load.ts';
import { SeededRandom } from './seeded-random.ts';

const CLIENTS = 12;
/** The longest that a process lives under load before it is killed. */
const LONGEST_LIFE_MILLISECONDS = 1_500;
/** The share of processes that are killed without regard to whether they are ready. */
const KILLED_WHILE_STARTING = 0.2;
const LONGEST_START_MILLISECONDS = 1_000;
/** From the first byte of a transaction to the answer to it. */
const LONGEST_WRITE_MILLISECONDS = 6;
const KILLS_A_LINE = 10;
/** An access token of Sallyport lasts a quarter of an hour. */
const SIGN_IN_AGAIN_AFTER_MILLISECONDS = 5 * 60_000;

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, seed: { type: 'string' } },
});
const kills = Number(values.kills);
const seed = Number(values.seed ?? randomInt(2 ** 31));
if (!Number.isInteger(kills) || !Number.isInteger(seed))
  throw new Error('--kills and --seed are whole numbers');

const directory = mkdtempSync(join(tmpdir(), 'sallyport-crash-'));
const dataDirectory = join(directory, 'data');
const assemblyDirectory = join(directory, 'assembly');
mkdirSync(assemblyDirectory);

/** Below what is given to outgoing connections: nobody takes them while no Sallyport listens. */
const apiPort = randomInt(20_000, 30_000);
const apiUrl = `http://127.0.0.1:${apiPort}`;

const identityProvider = await startIdentityProvider({ port: 0 });
const deployment = demoDeployment({ identityProviderUrl: identityProvider.issuer });
withDeployment(await ensureAssembly(), deployment, assemblyDirectory);
const demo = await startDemo({
  apiUrl,
  identityProvider,
  ticketingPort: 0,
  paymentsPort: 0,
  accountsPort: 0,
});

const random = new SeededRandom(seed);
const surroundings: Surroundings = { ticketingUrl: demo.ticketingUrl, as: signIn() };
const load = new Load(surroundings, CLIENTS, seed);
const startedAt: number[] = [];
const checks = new Checks(load, surroundings, startedAt);
let sallyport: DoomedSallyport | undefined;
/** Rejects where a process ends without being killed. */
const lost = Promise.withResolvers<never>();

console.log(`${kills} kills, seed ${seed}, data in ${dataDirectory}`);
try {
  await Promise.race([crashAgainAndAgain(), load.trouble, lost.promise]);
  rmSync(directory, { recursive: true });
} catch (error) {
  console.error(error instanceof Violation ? `VIOLATION\n  ${error.message}` : error);
  console.error(`After ${startedAt.length - 1} kills. The data is kept in ${dataDirectory}; --seed ${seed}`);
  process.exitCode = 1;
} finally {
  await sallyport?.kill();
  await demo.stop();
}
// Clients may still wait for answers that will not come.
process.exit();

async function crashAgainAndAgain(): Promise<void> {
  const begunAt = performance.now();
  let takenUp = 0;
  const figures = () =>
    `${load.promises.size} requests acknowledged, ${takenUp} executions resumed, ${Math.round((performance.now() - begunAt) / 1000)} s`;

  for (let killed = 0; killed < kills; killed += 1) {
    sallyport = start();
    if (random.chance(KILLED_WHILE_STARTING)) {
      load.goOn();
      await wait(random.upTo(LONGEST_START_MILLISECONDS));
    } else {
      takenUp += await checkAtRest(sallyport);
      load.goOn();
      await momentToKill();
    }
    await sallyport.kill(random.oneOf(['all', 'only itself']));
    if ((killed + 1) % KILLS_A_LINE === 0) console.log(`${killed + 1} kills: ${figures()}`);
  }

  sallyport = start();
  takenUp += await checkAtRest(sallyport);
  await load.end();
  const events = await checks.atTheEnd(await sallyport.ready);
  console.log(`OK: ${kills} kills, ${figures()}, ${events} events verified`);
}

/**
 * Any moment; or one at which something has just been promised to a client, or written without its writer knowing
 * yet that it was.
 */
async function momentToKill(): Promise<void> {
  const atLatest = wait(LONGEST_LIFE_MILLISECONDS);
  const event = random.oneOf([async () => {}, () => load.nextPromise(), nextWrite, nextWrite]);
  await wait(random.upTo(LONGEST_LIFE_MILLISECONDS));
  await Promise.race([event(), atLatest]);
}

/** Resolves with the next write of the table or of the executions, and a moment for it to become whole. */
async function nextWrite(): Promise<void> {
  const moment = random.upTo(LONGEST_WRITE_MILLISECONDS);
  for await (const { filename } of watch(dataDirectory)) if (filename?.endsWith('-wal')) break;
  await wait(moment);
}

function start(): DoomedSallyport {
  startedAt.push(Date.now());
  const started = startDoomed({ assemblyDirectory, dataDirectory, apiPort });
  started.end.catch(lost.reject);
  return started;
}

async function checkAtRest(started: DoomedSallyport): Promise<number> {
  const reached = await started.ready;
  await load.pause();
  return checks.atRest(reached);
}

/** Each persona's access token is used for as long as it lasts, through any number of processes. */
function signIn(): Surroundings['as'] {
  const signedIn = new Map<string, { client: ApiClient; at: number }>();
  return async (persona: PersonaId, options: SallyportTokenOptions = {}) => {
    const name = `${persona} for ${options.for}`;
    const known = signedIn.get(name);
    if (known !== undefined && performance.now() - known.at < SIGN_IN_AGAIN_AFTER_MILLISECONDS)
      return known.client;
    const client = new ApiClient(apiUrl, await sallyportToken(apiUrl, identityProvider, persona, options));
    signedIn.set(name, { client, at: performance.now() });
    return client;
  };
}
