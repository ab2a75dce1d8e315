import { KMSClient } from '@aws-sdk/client-kms';
import { SFNClient } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { stepFunctionsWaitingWorkflow } from '../../lambdas/platform/task-tokens.kms.ts';
import type { WaitingWorkflow } from '../../lambdas/platform/task-tokens.port.ts';
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
import { chainOf, waitOf } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;
let workflow: WaitingWorkflow;

beforeAll(async () => {
  world = await worldUnderTest();
  const { client } = world.sallyport;
  workflow = stepFunctionsWaitingWorkflow(
    new KMSClient(client),
    'alias/sallyport/task-token',
    new SFNClient(client),
  );
});
afterAll(() => world.stop());

/** Answers what a request's workflow waits for, as whoever gets hold of its task token could. */
async function forge({ requestId }: AccessCase, output: { readonly outcome?: string }): Promise<void> {
  const wait = await waitOf(world.sallyport, requestId);
  if (wait === undefined) throw new Error(`The workflow of ${requestId} waits for nothing`);
  // Nobody keeps a forger from leaving out what ours always say.
  await workflow.resume(wait.sealedTaskToken, wait.boundTo, output as { outcome: string });
  await world.sallyport.settled();
}

const typesOf = async ({ requestId }: AccessCase) =>
  (await chainOf(world.sallyport, requestId)).map(({ type }) => type);

describe('an approval that the workflow is told of and nobody gave', () => {
  it('mints nothing, and the request is over', async () => {
    const access = await ask(world, await agentOf(world), commentRequest);
    await forge(access, { outcome: 'approved' });

    expectProblem(await claim(access), 404, 'not-found');
    expect(await typesOf(access)).not.toContain('grant.activated');
    expect(await taskOf(access)).toMatchObject({ status: 'expired', reason: 'approval_timed_out' });
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
    const events = await chainOf(world.sallyport, access.requestId);
    expect(verifyChain(access.requestId, events)).toMatchObject({ verified: true });
  });
});
