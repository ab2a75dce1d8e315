import { SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import {
  type AccessCase,
  agentOf,
  ask,
  claim,
  claimToken,
  commentRequest,
  decide,
  grantedToEngineer,
  grantOf,
  isActive,
  taskOf,
} from '../support/access-path.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { chainOf, historyOf } from '../support/system-state.ts';

let world: World;
let stepFunctions: SFNClient;

beforeAll(async () => {
  world = await startWorld();
  stepFunctions = new SFNClient(world.runtime.client);
});
afterAll(async () => {
  stepFunctions.destroy();
  await world.stop();
});

/** Answers what a request's workflow waits for, as whoever may read its history and answer its tokens could. */
async function forge({ requestId }: AccessCase, output: object): Promise<void> {
  const scheduled = (await historyOf(world.runtime, requestId)).flatMap(
    ({ taskScheduledEventDetails }) => taskScheduledEventDetails ?? [],
  );
  const { taskToken } = JSON.parse(scheduled.at(-1)?.parameters ?? '{}').Payload;
  await stepFunctions.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(output) }));
  await world.runtime.settled();
}

const typesOf = async ({ requestId }: AccessCase) =>
  (await chainOf(world.runtime, requestId)).map(({ type }) => type);

describe('an approval that the workflow is told of and nobody gave', () => {
  it('mints nothing, and the request is denied', async () => {
    const access = await ask(world, await agentOf(world), commentRequest);
    await forge(access, { outcome: 'approved' });

    expectProblem(await claim(access), 404, 'not-found');
    expect(await typesOf(access)).not.toContain('grant.activated');
    expect(await taskOf(access)).toMatchObject({ status: 'denied' });
  });

  it('cannot be given any more', async () => {
    const access = await ask(world, await agentOf(world), commentRequest);
    await forge(access, { outcome: 'approved' });
    const late = await decide(world, await world.as('owner'), access);
    expectProblem(late, 409, 'approval-over');
  });
});

describe('an end that the workflow is told of and nobody asked for', () => {
  it.each([{ outcome: 'returned' }, { outcome: 'held' }, {}])('ends the grant: %j', async (output) => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    await forge(access, output);

    expect(await isActive(world, token)).toBe(false);
    expect(await grantOf(access)).toMatchObject({
      status: 'ended',
      reason: 'revoked',
      credential: { status: 'revoked', receipt: { answer: 'dead' } },
    });
    const events = await chainOf(world.runtime, access.requestId);
    expect(verifyChain(access.requestId, events)).toMatchObject({ verified: true });
  });
});
