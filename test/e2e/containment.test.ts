import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../../demo/api-client.ts';
import type { World } from '../../demo/world.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import { fingerprintOf } from '../../lambdas/minting/grant.ts';
import {
  type AccessCase,
  agentOf,
  approvedForAgent,
  ask,
  claimToken,
  grantedToEngineer,
  isActive,
  readRequest,
} from '../support/access-path.ts';
import {
  contain as containAs,
  expectDead as expectDeadIn,
  isRefused,
  itemsOf,
  liftFreeze,
  startContainment,
} from '../support/containments.ts';
import { expectProblem } from '../support/problem-expectations.ts';
import { chainOf } from '../support/system-state.ts';
import { worldUnderTest } from '../support/world-under-test.ts';

let world: World;
let responder: ApiClient;

beforeAll(async () => {
  world = await worldUnderTest();
  responder = await world.as('responder');
});
afterAll(() => world.stop());

const start = (scope: object) => startContainment(responder, scope);
const contain = (scope: object) => containAs(world, responder, scope);
const lift = (id: string) => liftFreeze(responder, id);
const expectDead = (access: AccessCase, token: string, run: string) =>
  expectDeadIn(world, access, token, run);

describe('a containment', () => {
  it('of a grant revokes it, ends its session, and has a receipt for it', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const run = await contain({ grant: access.grantId });
    expect(run).toMatchObject({
      status: 'contained',
      freeze: 'none',
      counts: { grants: 1, sessions: 1, secrets: 0 },
      unresolved: { grants: 0, sessions: 0, secrets: 0, signals: 0 },
      time_to_contain_ms: expect.any(Number),
      items: [
        { kind: 'grant', id: access.grantId, status: 'dead', receipt: { answer: 'dead' } },
        { kind: 'session', status: 'ended' },
      ],
    });
    await expectDead(access, token, run.id);
    expect(await isRefused(access.requester)).toBe(true);
    const events = await chainOf(world.sallyport, run.id);
    expect(verifyChain(run.id, events)).toMatchObject({ verified: true });
    expect(events.map(({ type }) => type)).toEqual([
      'revocation.started',
      'revocation.frozen',
      'revocation.traced',
      'revocation.traced',
      'revocation.traced',
      'revocation.confirmed',
      'revocation.contained',
    ]);
  });

  it('of a principal freezes it until somebody else lifts that; its owner’s other things go on', async () => {
    const agents = await approvedForAgent(world);
    const token = await claimToken(agents);
    const own = await grantedToEngineer(world);
    const ownToken = await claimToken(own);
    const machine = await world.as('deploy-bot');
    const run = await contain({ principal: 'triage-bot' });
    expect(run).toMatchObject({ status: 'contained', freeze: 'held' });
    expect(itemsOf(run, 'grant')).toContain(agents.grantId);
    expect(itemsOf(run, 'grant')).not.toContain(own.grantId);
    await expectDead(agents, token, run.id);
    expect(await isActive(world, ownToken)).toBe(true);
    expect(await isRefused(own.requester)).toBe(false);
    expect(await isRefused(machine)).toBe(false);
    await expect(agentOf(world)).rejects.toThrow('400');

    await lift(run.id);
    expect(await isRefused(await agentOf(world))).toBe(false);
    expect(await responder.delete(`/v1/revocations/${run.id}/freeze`)).toMatchObject({ status: 200 });
  });

  it('of a session ends it with what was asked for in it and what others have a part of', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const part = await ask(world, await agentOf(world), { ...readRequest, parent: access.grantId });
    const partToken = await claimToken(part);
    const session = (await chainOf(world.sallyport, access.requestId))[0]?.who as { session: string };
    const run = await contain({ session: session.session });
    expect(run).toMatchObject({ status: 'contained', freeze: 'none' });
    expect(itemsOf(run, 'grant').sort()).toEqual([access.grantId, part.grantId].sort());
    await expectDead(access, token, run.id);
    await expectDead(part, partToken, run.id);
    expect(await isRefused(access.requester)).toBe(true);
    expect(await isRefused(part.requester)).toBe(true);
  });

  it('of a leaked credential finds whose it is by its fingerprint, and keeps it nowhere', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const run = await contain({ credential: `${token}\n` });
    expect(run).toMatchObject({ status: 'contained', scope: { credential: fingerprintOf(token) } });
    expect(itemsOf(run, 'grant')).toEqual([access.grantId]);
    await expectDead(access, token, run.id);
    expect(JSON.stringify(await chainOf(world.sallyport, run.id))).not.toContain(token);
  });

  it('started twice at the same moment is one', async () => {
    const access = await grantedToEngineer(world);
    const answers = await Promise.all([1, 2, 3].map(() => start({ grant: access.grantId })));
    await world.sallyport.settled();
    expect(new Set(answers.map(({ body }) => body.revocation.id)).size).toBe(1);
  });
});

describe('a containment is refused', () => {
  it('for a scope that is none, saying what to do', async () => {
    for (const scope of [{}, { grant: 'a', session: 'b' }, { planet: 'earth' }])
      expectProblem(await start(scope), 400, 'invalid-request');
    for (const scope of [
      { principal: 'nobody' },
      { owner: 'deploy-bot' },
      { session: 'none' },
      { grant: 'grant-none' },
      { target: 'none' },
      { secret: 'none' },
    ])
      expectProblem(await start(scope), 404, 'unknown-scope');
  });

  it('for a credential that is nobody’s, whose fingerprint is recorded', async () => {
    const credential = 'AKIA-nobodys-credential';
    const answer = await start({ credential });
    expectProblem(answer, 404, 'unknown-credential');
    expect(answer.body.fingerprint).toBe(fingerprintOf(credential));
    const events = await chainOf(world.sallyport, answer.body.revocation);
    expect(events).toMatchObject([
      { type: 'revocation.unfounded', details: { scope: { id: fingerprintOf(credential) } } },
    ]);
    expect(JSON.stringify(events)).not.toContain(credential);
  });
});
