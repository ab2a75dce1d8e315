import { DescribeExecutionCommand, SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ApiClient } from '../../../demo/api-client.ts';
import { manageSecret, secretReader } from '../../../demo/managed-secrets.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import type { AuditEvent } from '../../../lambdas/audit/event.ts';
import { fingerprintOf } from '../../../lambdas/minting/grant.ts';
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
  taskOf,
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
import { chainOf, executionStatusOf, tableItems } from '../../support/system-state.ts';
import { breakIt, broken } from '../../support/trouble.ts';

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

/** Lets time pass until a run is as it should be. */
async function until(id: string, status: string): Promise<void> {
  for (let tries = 0; tries < 30 && (await read(id)).status !== status; tries += 1) {
    await world.leap(10_000);
    responder = await world.as('responder');
  }
  expect(await read(id)).toMatchObject({ status });
}

/** Rights go on, frozen as they are, until it is put right. */
const noRightEnds = () =>
  world.runtime.faults.fail({
    service: 'dynamodb',
    operation: 'TransactWriteItems',
    functionName: 'EndRights',
    error: { code: 'InternalServerError', statusCode: 500 },
  });

const stateMachine = () =>
  String(world.runtime.resources.find(({ ref }) => /stateMachine:.*contain-?incident/i.test(ref))?.ref);
const legArn = (name: string) => `${stateMachine().replace(':stateMachine:', ':execution:')}:${name}`;

async function legStatus(name: string): Promise<string | undefined> {
  const description = new DescribeExecutionCommand({ executionArn: legArn(name) });
  return (await new SFNClient(world.runtime.client).send(description)).status;
}

/** As an operator can, by the CLI or in the console. */
async function stopLeg(name: string): Promise<void> {
  const stop = new StopExecutionCommand({ executionArn: legArn(name) });
  await new SFNClient(world.runtime.client).send(stop);
}

/** The chains that were opened meanwhile by containments. */
async function chainsOpenedBy(act: () => Promise<unknown>): Promise<(readonly AuditEvent[])[]> {
  const chains = async () =>
    new Set(
      (await tableItems(world.runtime)).flatMap(({ pk }) => /^CHAIN#(rev-.*)/.exec(pk?.S ?? '')?.[1] ?? []),
    );
  const before = await chains();
  await act();
  const opened = [...(await chains())].filter((chain) => !before.has(chain));
  return Promise.all(opened.map((chain) => chainOf(world.runtime, chain)));
}

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

  it('that goes on for days does so in one execution after the other', { timeout: 120_000 }, async () => {
    world.backends.signalReceiver.away = true;
    const access = await grantedToEngineer(world);
    await claimToken(access);
    const run = await contain({ grant: access.grantId });
    const followsOn = () => executionStatusOf(world.runtime, `${run.id}.2`, 'contain-incident');
    for (let waits = 0; waits < 300 && (await followsOn()) === undefined; waits += 1)
      await world.leap(10 * MINUTE);
    expect(await followsOn()).toBe('RUNNING');
    world.backends.signalReceiver.away = false;
    await world.leap(10 * MINUTE);
    responder = await world.as('responder');
    expect(await read(run.id)).toMatchObject({ status: 'contained', unresolved: { signals: 0 } });
    expect(await followsOn()).toBe('SUCCEEDED');
  });

  it('of a grant that waits to become active: it never does', async () => {
    const putRight = breakIt(world, broken('MintCredential', 'write'));
    const access = await grantedToEngineer(world);
    const run = await contain({ grant: access.grantId });
    putRight();
    await world.leap(10_000);
    expect(run).toMatchObject({ status: 'contained', unresolved: { grants: 0 } });
    const now = { ...access, requester: await world.as('engineer') };
    expectProblem(await claim(now), 409, 'grant-ended');
    expect(await grantOf(now)).toMatchObject({ status: 'abandoned' });
    expect(await executionStatusOf(world.runtime, access.requestId)).toBe('SUCCEEDED');
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

  it('that was stopped by hand goes on in an execution of its own, and closes', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const putRight = world.runtime.faults.fail({
      service: 'dynamodb',
      operation: 'TransactWriteItems',
      functionName: 'RevokeGrants',
      error: { code: 'InternalServerError', statusCode: 500 },
    });
    const run = await contain({ grant: access.grantId });
    expect(run).toMatchObject({ status: 'unresolved' });
    await stopLeg(run.id);
    putRight();
    await world.leap(MINUTE);
    expect(await legStatus(run.id)).toBe('ABORTED');
    responder = await world.as('responder');
    expect(await read(run.id)).toMatchObject({ status: 'unresolved' });

    await world.leap(5 * MINUTE);
    expect(await read(run.id)).toMatchObject({ status: 'contained', unresolved: { grants: 0, signals: 0 } });
    expect(await legStatus(`${run.id}.2`)).toBe('SUCCEEDED');
    await expectDead(access, token, run.id);
    const events = await chainOf(world.runtime, run.id);
    expect(verifyChain(run.id, events)).toMatchObject({ verified: true });
    expect(events.find(({ type }) => type === 'revocation.resumed')).toMatchObject({
      who: { service: 'reconcile' },
      details: { leg: 2, failure: { state: 'Execution', error: 'ABORTED' } },
    });
  });

  it('whose start was lost begins by itself', async () => {
    const access = await grantedToEngineer(world);
    const token = await claimToken(access);
    const putRight = world.runtime.faults.fail({
      service: 'states',
      operation: 'StartExecution',
      functionName: 'StartRevocation',
      error: { code: 'InternalServerError', statusCode: 500 },
    });
    expect((await start({ grant: access.grantId })).status).toBe(503);
    putRight();
    await world.leap(5 * MINUTE);
    responder = await world.as('responder');
    const [run] = (await responder.get('/v1/revocations?limit=1')).body.revocations;
    expect(run).toMatchObject({ status: 'contained', scope: { grant: access.grantId } });
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

describe('a managed secret', () => {
  const SECRET = 'parcels-api-key';
  let secrets: ReturnType<typeof secretReader>;

  beforeAll(async () => {
    secrets = secretReader(world.runtime);
    await manageSecret(await world.as('platform-engineer'), SECRET);
  });
  afterAll(() => secrets.close());

  const shipWith = async ({ api_key }: Record<string, string>) =>
    (await fetch(`${world.backends.vendor.url}/parcels`, { headers: { authorization: `Bearer ${api_key}` } }))
      .status;
  const grantedCheckOut = async () =>
    ask(world, await world.as('engineer'), {
      target: 'parcels-api',
      permissions: ['parcels:ship'],
      duration: 'PT2H',
      justification: 'Parcels are stuck',
    });
  it('is not given out while it is contained, and is when its rotation has succeeded', async () => {
    const before = await secrets.read(SECRET);
    const waiting = await grantedCheckOut();
    const comeBack = world.backends.vendor.goDown();
    onTestFinished(comeBack);
    const putRight = noRightEnds();
    const started = await start({ secret: SECRET });
    expect(started).toMatchObject({ status: 202, body: { revocation: { freeze: 'held' } } });
    const { id } = started.body.revocation;
    expectProblem(await claim(waiting), 409, 'target-frozen');
    expect(await taskOf(await grantedCheckOut())).toMatchObject({ status: 'denied' });
    putRight();
    await until(id, 'unresolved');
    await world.leap(20_000);
    responder = await world.as('responder');
    const unresolved = await read(id);
    expect(unresolved).toMatchObject({ freeze: 'held', unresolved: { grants: 0, secrets: 1 } });
    expect(unresolved.items[0]).toMatchObject({ kind: 'secret', id: SECRET, status: 'rotating' });

    comeBack();
    await until(id, 'contained');
    expect(await read(id)).toMatchObject({ freeze: 'lifted', unresolved: { secrets: 0 } });
    expect(await shipWith(before)).toBe(401);
    const claimed = await claim(await grantedCheckOut());
    expect(claimed.status).toBe(200);
    expect(await shipWith(claimed.body.credential)).toBe(200);
    const cleanUp = await contain({ target: 'parcels-api' });
    await until(cleanUp.id, 'contained');
    await lift(cleanUp.id);
  });

  it('whose value leaked is found by it, is rotated, and takes along what was given out with it', async () => {
    const access = await grantedCheckOut();
    const { body } = await claim(access);
    const tickets = await ask(world, access.requester, readRequest);
    const token = await claimToken(tickets);
    const { api_key: value } = body.credential;
    const run = await contain({ credential: value });
    expect(run.scope).toEqual({ credential: fingerprintOf(value) });
    await until(run.id, 'contained');
    const ended = await read(run.id);
    expect(ended).toMatchObject({ freeze: 'lifted', counts: { grants: 2, sessions: 1, secrets: 1 } });
    expect(itemsOf(ended, 'grant').sort()).toEqual([access.grantId, tickets.grantId].sort());
    expect(ended.items[0]).toMatchObject({ kind: 'secret', id: SECRET, status: 'rotated' });
    expect(await shipWith(body.credential)).toBe(401);
    expect(await shipWith(await secrets.read(SECRET))).toBe(200);
    await expectDead(tickets, token, run.id);
    expect(await isRefused(access.requester)).toBe(true);
    expect(JSON.stringify(await chainOf(world.runtime, run.id))).not.toContain(value);
  });

  it('whose value leaked is rotated also where nobody has it checked out', async () => {
    const before = await secrets.read(SECRET);
    const run = await contain({ credential: before['api_key'] });
    expect(run).toMatchObject({ counts: { grants: 0, sessions: 0, secrets: 1 } });
    await until(run.id, 'contained');
    expect(await shipWith(before)).toBe(401);
  });
});

describe('whatever is frozen', () => {
  it('is refused before its rights have ended: at a claim, at the target that asks, to whoever asks about others', async () => {
    const claimed = await grantedToEngineer(world);
    const token = await claimToken(claimed);
    const unclaimed = await grantedToEngineer(world);
    const enforcementPoint = await world.as('ticketing-api');
    const sessionOfEngineer = async () => String(decodeJwt(await world.token('engineer'))['sid']);
    const mayRead = async (session: string) =>
      (
        await enforcementPoint.post('/access/v1/evaluation', {
          subject: { type: 'user', id: 'engineer', properties: { session } },
          action: { name: 'tickets:read' },
          resource: { type: 'target', id: 'ticketing-ops' },
        })
      ).body.decision;
    const session = await sessionOfEngineer();
    expect([await isActive(world, token), await mayRead(session)]).toEqual([true, true]);

    let putRight = noRightEnds();
    const ofTarget = await start({ target: 'ticketing-ops' });
    expect(ofTarget.status).toBe(202);
    expect([await isActive(world, token), await mayRead(session)]).toEqual([false, false]);
    expectProblem(await claim(unclaimed), 409, 'target-frozen');
    expect(await grantOf(claimed)).toMatchObject({ status: 'active', credential: { status: 'live' } });
    putRight();
    await until(ofTarget.body.revocation.id, 'contained');
    await lift(ofTarget.body.revocation.id);
    expect(await mayRead(await sessionOfEngineer())).toBe(true);

    const another = await grantedToEngineer(world);
    const anothersToken = await claimToken(another);
    const live = await sessionOfEngineer();
    putRight = noRightEnds();
    const ofPrincipal = await start({ principal: 'engineer' });
    expect([await isActive(world, anothersToken), await mayRead(live)]).toEqual([false, false]);
    expect(await isRefused(another.requester)).toBe(true);
    putRight();
    await until(ofPrincipal.body.revocation.id, 'contained');
    await lift(ofPrincipal.body.revocation.id);
    expect(await mayRead(await sessionOfEngineer())).toBe(true);
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
  it('to who is no responder, which is recorded', async () => {
    const engineer = await world.as('engineer');
    const refused = await chainsOpenedBy(async () =>
      expectProblem(await start({ principal: 'deploy-bot' }, {}, engineer), 403, 'not-a-responder'),
    );
    expect(refused).toMatchObject([
      [
        {
          type: 'revocation.refused',
          who: { principal: { id: 'engineer' } },
          details: { kind: 'principal', problem: 'urn:sallyport:problem:not-a-responder' },
        },
      ],
    ]);
    expect(await isRefused(await world.as('deploy-bot'))).toBe(false);
    expectProblem(await engineer.get('/v1/revocations'), 403, 'not-a-responder');
  });

  it('to a responder who is too weakly authenticated, which is recorded; a step-up permits it', async () => {
    const weak = await world.as('responder', { amr: ['pwd'] });
    const access = await grantedToEngineer(world);
    let answer: Awaited<ReturnType<typeof start>> | undefined;
    const refused = await chainsOpenedBy(async () => {
      answer = await start({ grant: access.grantId }, {}, weak);
      expectProblem(answer, 401, 'insufficient-user-authentication');
    });
    expect(answer?.body.acr_values).toBe('nist-aal2');
    expect(answer?.headers.get('www-authenticate')).toContain('error="insufficient_user_authentication"');
    expect(refused).toMatchObject([
      [
        {
          type: 'revocation.refused',
          details: { kind: 'grant', problem: 'urn:sallyport:problem:insufficient-user-authentication' },
        },
      ],
    ]);
    expect(await grantOf(access)).toMatchObject({ status: 'active' });
    expect(await contain({ grant: access.grantId })).toMatchObject({ status: 'contained' });
  });

  it('to whom it concerns, which is recorded', async () => {
    const credential = await world.token('responder');
    for (const scope of [{ principal: 'responder' }, { owner: 'responder' }, { credential }]) {
      const [kind = ''] = Object.keys(scope);
      const refused = await chainsOpenedBy(async () => expectProblem(await start(scope), 403, 'concerned'));
      expect(refused).toMatchObject([
        [{ type: 'revocation.refused', details: { kind, problem: 'urn:sallyport:problem:concerned' } }],
      ]);
      expect(JSON.stringify(refused)).not.toContain(credential);
    }
    expect(await isRefused(responder)).toBe(false);
  });
});

it('containments are listed, newest first, page by page', async () => {
  const first = await responder.get('/v1/revocations?limit=2');
  expect(first.body.revocations.length).toBe(2);
  const second = await responder.get(`/v1/revocations?limit=2&cursor=${first.body.cursor}`);
  const times = [...first.body.revocations, ...second.body.revocations].map(({ started_at }) => started_at);
  expect(times).toEqual([...times].sort().reverse());
});
