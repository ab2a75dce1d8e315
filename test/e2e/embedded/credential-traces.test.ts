import { afterAll, beforeAll, expect, it } from 'vitest';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { approvedForAgent, claimToken, giveBack, isActive } from '../../support/access-path.ts';
import { tracesOf } from '../../support/credential-traces.ts';
import { historyOf, tableItems } from '../../support/system-state.ts';

let world: EmbeddedWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

it('a path leaves nothing of a credential in the table, the logs or the history', async () => {
  const { runtime } = world;
  const access = await approvedForAgent(world);
  const credential = await claimToken(access);
  expect(await isActive(world, credential)).toBe(true);
  await giveBack(access);
  await runtime.settled();

  const sessionTokens = [await world.token('triage-bot', { for: 'engineer' }), await world.token('owner')];
  const history = JSON.stringify(await historyOf(runtime, access.requestId));
  const table = JSON.stringify(await tableItems(runtime));
  const logs = runtime.functionNames.map((name) => runtime.functionLog(name)).join('\n');
  expect(tracesOf([credential, ...sessionTokens], { table, logs, history })).toEqual([]);

  // Step Functions shows a task token in the input of the function that it is given to, and nothing else may.
  const taskTokens = [...history.matchAll(/taskToken\\":\\"([^"\\]+)/g)].map(([, token = '']) => token);
  expect(taskTokens).not.toEqual([]);
  expect(tracesOf(taskTokens, { table, logs })).toEqual([]);
});
