import { readFileSync } from 'node:fs';
import { type Sallyport, startWorld, type World } from '../../demo/world.ts';
import { enterDeployedWorld, reachDeployed, type Surroundings } from './deployed-world.ts';
import { knownIssuer, type SelfMadeIssuer, startSelfMadeIssuer, startTrusting } from './self-made-issuer.ts';

/**
 * The world that the portable tests are run in: one that was deployed, where a file says what lies around it
 * (`npm run test:cloud` writes it), else one of their own in this process. A deployed one has seen other tests.
 */
export async function worldUnderTest(): Promise<World> {
  const surroundings = readSurroundings();
  return surroundings === undefined ? startWorld() : enterDeployedWorld(surroundings);
}

/** A Sallyport that trusts an issuer whose key the test holds. */
export interface TrustingSallyport {
  readonly issuer: SelfMadeIssuer;
  readonly sallyport: Sallyport;
  stop(): Promise<void>;
}

export async function trustingSallyportUnderTest(): Promise<TrustingSallyport> {
  const surroundings = readSurroundings();
  if (surroundings !== undefined)
    return {
      issuer: await knownIssuer(surroundings.selfMadeIssuer),
      sallyport: await reachDeployed(surroundings),
      stop: async () => {},
    };
  const issuer = await startSelfMadeIssuer();
  const { runtime, stop } = await startTrusting(issuer);
  return {
    issuer,
    sallyport: runtime,
    stop: async () => {
      await stop();
      await issuer.stop();
    },
  };
}

function readSurroundings(): Surroundings | undefined {
  const file = process.env['SALLYPORT_SURROUNDINGS'];
  return file === undefined ? undefined : JSON.parse(readFileSync(file, 'utf8'));
}
