import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../../demo/api-client.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import {
  type AccessCase,
  agentOf,
  approvedForAgent,
  ask,
  claim,
  claimToken,
  commentRequest,
  decide,
  grantedToEngineer,
  grantOf,
  isActive,
  readRequest,
} from '../../support/access-path.ts';
import {
  contain as containAs,
  expectDead as expectDeadIn,
  isRefused,
  itemsOf,
  liftFreeze,
  readContainment,
  startContainment,
} from '../../support/containments.ts';
import { expectProblem } from '../../support/problem-expectations.ts';
import { executionStatusOf } from '../../support/system-state.ts';

const MINUTE = 60_000;

let world: EmbeddedWorld;
let responder: ApiClient;

beforeAll(async () => {
  world = await startWorld();
  responder = await world.as('responder');
});
afterAll(() => world.stop());

const start = (scope: object, more: object = {}, as = responder) => startContainment(as, scope, more);
const read = (id: string) => readContainment(responder, id);
const contain = (scope: object, more: object = {}) => containAs(world, responder, scope, more);
const lift = (id: string) => liftFreeze(responder, id);
const expectDead = (access: AccessCase, token: string, run: string) =>
  expectDeadIn(world, access, token, run);

describe('a containment', () => {
  it('of an owner takes along everything that they answer for', async () => {
    const agents = await approvedForAgent(world);
    const token = await claimToken(agents);
    const machine = await world.as('deploy-bot');
    const machines = await ask(world, machine, { ...readRequest, duration: 'PT10M' });
    const machineToken = await claimToken(machines);
    const run = await contain({ owner: 'engineer' });
    expect(run).toMatchObject({ status: 'contained', freeze: 'held' });
    expect(itemsOf(run, 'grant')).toEqual(expect.arrayContaining([agents.grantId, machines.grantId]));
    expect(new Set(itemsOf(run, 'grant')).size).toBe(itemsOf(run, 'grant').length);
    await expectDead(agents, token, run.id);
    await expectDead(machines, machineToken, run.id);
    await expect(world.as('deploy-bot')).rejects.toThrow('400');
    await expect(world.as('engineer')).rejects.toThrow('400');
    await lift(run.id);
    expect(await isRefused(await world.as('deploy-bot'))).toBe(false);
  });

  it('of a target refuses it to everybody, and ends nobody’s session', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const unclaimed = await grantedToEngineer(world);
    const run = await contain({ target: 'ticketing-ops' });
    expect(run).toMatchObject({ status: 'contained', freeze: 'held', counts: { sessions: 0 } });
    await expectDead(access, token, run.id);
    expect(itemsOf(run, 'grant')).toContain(unclaimed.grantId);
    expectProblem(await claim(unclaimed), 409, 'grant-ended');
    const after = await ask(world, access.requester, readRequest);
    expect((await access.requester.get(`/access/v1/requests/${after.requestId}`)).body.task).toMatchObject({
      status: 'denied',
    });
    const evaluation = await access.requester.post('/access/v1/evaluation', {
      subject: { type: 'user', id: 'engineer' },
      action: { name: 'tickets:read' },
      resource: { type: 'target', id: 'ticketing-ops' },
    });
    expect(evaluation.body.decision).toBe(false);
    await lift(run.id);
    expect(await grantOf(await grantedToEngineer(world))).toMatchObject({ status: 'active' });
  });

  it('of a leaked session token recognises it after its end, and ends what was asked for in its session', async () => {
    const token = await world.token('engineer');
    const access = await ask(world, new ApiClient(world.sallyport.apiUrl, token), readRequest);
    const credential = await claimToken(access);
    await world.leap(20 * MINUTE);
    responder = await world.as('responder');
    expect(await isRefused(access.requester)).toBe(true);
    const run = await contain({ credential: token });
    expect(run).toMatchObject({ status: 'contained', counts: { grants: 1, sessions: 1 } });
    await expectDead(access, credential, run.id);
  });

  it('that is a dry run finds the same, and changes nothing', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const run = await contain({ principal: 'engineer' }, { dry_run: true });
    expect(run).toMatchObject({ status: 'previewed', dry_run: true, freeze: 'none' });
    expect(run.items).toContainEqual(
      expect.objectContaining({ kind: 'grant', id: access.grantId, status: 'live' }),
    );
    expect(await isActive(world, token)).toBe(true);
    expect(await isRefused(access.requester)).toBe(false);
    expect(await grantOf(access)).toMatchObject({ status: 'active', credential: { status: 'live' } });
    expect(await executionStatusOf(world.runtime, access.requestId)).toBe('RUNNING');
  });

  it('tells its receivers, each thing once, under its txn', async () => {
    const access = await grantedToEngineer(world);
    await claimToken(access);
    const run = await contain({ grant: access.grantId });
    const told = world.backends.signalReceiver.received.filter(({ txn }) => txn === run.txn);
    expect(told.map(({ jti }) => jti).sort()).toEqual(
      run.items.map(({ kind, id }: { kind: string; id: string }) => `${run.id}:${kind}:${id}`).sort(),
    );
    expect(told.flatMap(({ events }) => Object.keys(events ?? {})).sort()).toEqual([
      'https://schemas.openid.net/secevent/caep/event-type/credential-change',
      'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
    ]);
  });

  it('goes on until a receiver that was away has been told', async () => {
    world.backends.signalReceiver.away = true;
    const access = await grantedToEngineer(world);
    await claimToken(access);
    const run = await contain({ grant: access.grantId });
    expect(run).toMatchObject({
      status: 'unresolved',
      unresolved: { grants: 0, sessions: 0, secrets: 0, signals: 2 },
      time_to_contain_ms: expect.any(Number),
    });
    world.backends.signalReceiver.away = false;
    await world.leap(10_000);
    responder = await world.as('responder');
    expect(await read(run.id)).toMatchObject({ status: 'contained', unresolved: { signals: 0 } });
    const told = world.backends.signalReceiver.received.filter(({ txn }) => txn === run.txn);
    expect(told.length).toBe(2);
  });

  it('of what cannot be confirmed says so, tries again, and closes by itself', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const putRight = world.runtime.faults.fail({
      service: 'dynamodb',
      operation: 'TransactWriteItems',
      functionName: 'RevokeGrants',
      error: { code: 'InternalServerError', statusCode: 500 },
    });
    const run = await contain({ grant: access.grantId });
    expect(run).toMatchObject({ status: 'unresolved', unresolved: { grants: 1 } });
    expect(run.contained_at).toBeUndefined();
    // Its right has ended all the same.
    expect(await isActive(world, token)).toBe(false);
    await world.leap(5000);
    expect(await read(run.id)).toMatchObject({ status: 'unresolved' });
    putRight();
    await world.leap(60_000);
    expect(await read(run.id)).toMatchObject({
      status: 'contained',
      unresolved: { grants: 0 },
      items: [{ kind: 'grant', status: 'dead', receipt: { answer: 'dead' } }, { kind: 'session' }],
    });
    await expectDead(access, token, run.id);
  });

  it('asked for again while it is not over is the same one, and a new one after', async () => {
    world.backends.signalReceiver.away = true;
    const access = await grantedToEngineer(world);
    const run = await contain({ grant: access.grantId });
    expect((await contain({ grant: access.grantId })).id).toBe(run.id);
    world.backends.signalReceiver.away = false;
    await world.leap(60_000);
    responder = await world.as('responder');
    const again = await contain({ grant: access.grantId });
    expect(again).toMatchObject({ status: 'contained', counts: { grants: 0 } });
    expect(again.id).not.toBe(run.id);
  });
});

describe('whoever is frozen', () => {
  it('is not approved, whenever they asked', async () => {
    const access = await ask(world, await agentOf(world), commentRequest);
    const run = await contain({ principal: 'triage-bot' });
    expectProblem(await decide(world, await world.as('owner'), access), 409, 'frozen');
    await lift(run.id);
    expect(await decide(world, await world.as('owner'), access)).toMatchObject({ status: 200 });
  });
});

describe('a containment is refused', () => {
  it('to who is no responder, or is too weakly authenticated, and that is recorded', async () => {
    const engineer = await world.as('engineer');
    expectProblem(await start({ principal: 'deploy-bot' }, {}, engineer), 403, 'not-a-responder');
    expect(await isRefused(await world.as('deploy-bot'))).toBe(false);
    expectProblem(await engineer.get('/v1/revocations'), 403, 'not-a-responder');
  });
});

it('containments are listed, newest first, page by page', async () => {
  const first = await responder.get('/v1/revocations?limit=2');
  expect(first.body.revocations.length).toBe(2);
  const second = await responder.get(`/v1/revocations?limit=2&cursor=${first.body.cursor}`);
  const times = [...first.body.revocations, ...second.body.revocations].map(({ started_at }) => started_at);
  expect(times).toEqual([...times].sort().reverse());
});
