import { SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { grantType } from '../../../lambdas/minting/grant.ts';
import { accessRequestType } from '../../../lambdas/requests/access-request.ts';
import {
  type AccessCase,
  ask,
  caseOf,
  claimToken,
  commentRequest,
  decide,
  deleteRequest,
  giveBack,
  isActive,
  readRequest,
  verifiedEvents,
} from '../../support/access-path.ts';
import { Callers } from '../../support/callers.ts';
import { readCase, violationsOf } from '../../support/case-invariants.ts';
import {
  chainOf,
  executionStatusOf,
  executionsOf,
  ledgerOf,
  tableItems,
} from '../../support/system-state.ts';
import { breakIt, broken, waitForTheEnd } from '../../support/trouble.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let world: EmbeddedWorld;
let callers: Callers;

beforeAll(async () => {
  world = await startWorld();
  callers = new Callers(world);
});
afterEach(() => world.runtime.faults.clear());
afterAll(() => world.stop());

const grantIn = async ({ grantId }: AccessCase) =>
  (await ledgerOf(world.runtime).read(grantType, grantId))?.entity;
const requestIn = async (requestId: string) =>
  (await ledgerOf(world.runtime).read(accessRequestType, requestId))?.entity;

/** As an operator can, by the CLI or in the console. */
async function stopExecution({ requestId }: AccessCase): Promise<void> {
  const execution = (await executionsOf(world.runtime)).find(({ name }) => name === requestId);
  await new SFNClient(world.runtime.client).send(new StopExecutionCommand({ executionArn: execution?.arn }));
}

async function expectInOrder(access: AccessCase): Promise<void> {
  expect(violationsOf(await readCase(world.runtime, access.requestId))).toEqual([]);
}

async function endedBy(access: AccessCase): Promise<unknown> {
  const events = await chainOf(world.runtime, access.requestId);
  return events.find(({ type }) => type === 'grant.ending')?.who;
}

describe('a grant whose execution was stopped by hand', () => {
  it('is ended at the next look, with a receipt, though its time is not over', async () => {
    const access = await ask(world, await callers.get('engineer'), readRequest);
    const token = await claimToken(access);
    await stopExecution(access);
    expect(await isActive(world, token)).toBe(true);

    await world.leap(5 * MINUTE);
    expect(await isActive(world, token)).toBe(false);
    expect(await grantIn(access)).toMatchObject({
      status: 'ended',
      reason: 'failed',
      failure: { state: 'Execution', error: 'ABORTED' },
      credential: { status: 'revoked', receipt: { answer: 'dead' } },
    });
    expect(await endedBy(access)).toEqual({ service: 'reconcile' });
    await expectInOrder(access);
  });

  it('is ended as expired where its time was over first', async () => {
    const access = await ask(world, await callers.get('engineer'), readRequest);
    const token = await claimToken(access);
    await stopExecution(access);
    await world.leap(2 * HOUR);

    expect(await isActive(world, token)).toBe(false);
    expect(await grantIn(access)).toMatchObject({ status: 'ended', reason: 'expired' });
    await expectInOrder(access);
  });

  it('takes its parts along, whose own executions go on to their end', async () => {
    const parent = await ask(world, await callers.get('engineer'), readRequest);
    const part = await ask(world, await callers.get('engineer'), { ...readRequest, parent: parent.grantId });
    const token = await claimToken(part);
    await stopExecution(parent);
    await world.leap(5 * MINUTE);

    expect(await isActive(world, token)).toBe(false);
    expect(await grantIn(parent)).toMatchObject({ status: 'ended', reason: 'failed' });
    expect(await grantIn(part)).toMatchObject({ status: 'ended', reason: 'parent_ended' });
    expect(await executionStatusOf(world.runtime, part.requestId)).toBe('SUCCEEDED');
    await expectInOrder(parent);
    await expectInOrder(part);
  });

  it('is found among more than are looked at together', async () => {
    const engineer = await callers.get('engineer');
    const many: AccessCase[] = [];
    for (let index = 0; index < 30; index += 1) many.push(await ask(world, engineer, readRequest));
    const stopped = many.slice(-2);
    for (const access of stopped) await stopExecution(access);
    await world.leap(5 * MINUTE);
    await world.leap(5 * MINUTE);

    for (const access of many)
      expect(await grantIn(access)).toMatchObject({ status: stopped.includes(access) ? 'ended' : 'active' });
  });

  it('while it was being given back is ended all the same', async () => {
    const access = await ask(world, await callers.get('engineer'), readRequest);
    await claimToken(access);
    breakIt(world, broken('RevokeCredential', 'read'));
    await giveBack(access);
    await world.runtime.settled();
    await stopExecution(access);
    await world.leap(5 * MINUTE);

    expect(await grantIn(access)).toMatchObject({ status: 'ended', reason: 'returned' });
    await expectInOrder(access);
  });
});

describe('a grant whose workflow cannot end it', () => {
  it('is ended when its time is over, while the workflow still tries', async () => {
    const access = await ask(world, await callers.get('engineer'), readRequest);
    const token = await claimToken(access);
    breakIt(world, broken('RevokeCredential', 'write'));
    await world.leap(HOUR + 10 * MINUTE);

    expect(await isActive(world, token)).toBe(false);
    expect(await grantIn(access)).toMatchObject({ status: 'ended', reason: 'expired' });
    expect(await endedBy(access)).toEqual({ service: 'reconcile' });
    expect(await waitForTheEnd(world, access.requestId)).toBe('SUCCEEDED');
    await expectInOrder(access);
  });
});

describe('a credential that could not be revoked', () => {
  it('is tried again without end, and closes by itself', async () => {
    const access = await ask(world, await callers.get('engineer'), readRequest);
    await claimToken(access);
    const putRight = [broken('RevokeCredential', 'write'), broken('Reconcile', 'write')].map((breakage) =>
      breakIt(world, breakage),
    );
    await giveBack(access);
    expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
    await world.leap(24 * HOUR);
    expect(await grantIn(access)).toMatchObject({ status: 'unresolved' });

    for (const right of putRight) right();
    await world.leap(5 * MINUTE);
    expect(await grantIn(access)).toMatchObject({
      status: 'ended',
      reason: 'returned',
      credential: { status: 'revoked', receipt: { answer: 'dead' } },
    });
    expect((await verifiedEvents(world, access.requestId)).slice(-3)).toEqual([
      'credential.unresolved',
      'credential.revoked',
      'grant.ended',
    ]);
    await expectInOrder(access);
  });

  it('sets off the alarm at each try', async () => {
    const access = await ask(world, await callers.get('engineer'), readRequest);
    await claimToken(access);
    breakIt(world, broken('RevokeCredential', 'write'));
    const putRight = breakIt(world, broken('Reconcile', 'write'));
    await giveBack(access);
    await waitForTheEnd(world, access.requestId);
    const before = world.runtime.functionLog('Reconcile').length;
    await world.leap(5 * MINUTE);
    expect(world.runtime.functionLog('Reconcile').slice(before)).toContain('"UnrevokedCredential":1');
    expect(await verifiedEvents(world, access.requestId)).not.toContain('grant.ended');

    putRight();
    await world.leap(5 * MINUTE);
    await expectInOrder(access);
    expect(await grantIn(access)).toMatchObject({ status: 'ended' });
  });
});

describe('a request that nobody decides', () => {
  it('whose workflow never started has failed, and can be made again with the same key', async () => {
    const requester = await callers.get('engineer');
    const key = { 'idempotency-key': 'never-started' };
    world.runtime.faults.fail({
      service: 'dynamodb',
      operation: 'TransactWriteItems',
      functionName: 'SubmitAccessRequest',
      when: 'after',
      error: { code: 'AccessDeniedException', statusCode: 400 },
    });
    const before = new Set((await requestIds()).values());
    expect((await requester.post('/v1/access-requests', readRequest, key)).status).toBe(503);
    world.runtime.faults.clear();
    const [requestId = ''] = (await requestIds()).filter((id) => !before.has(id));
    expect(await requestIn(requestId)).toMatchObject({ status: 'submitted' });
    expect(await executionStatusOf(world.runtime, requestId)).toBeUndefined();

    await world.leap(5 * MINUTE);
    expect(await requestIn(requestId)).toMatchObject({ status: 'submitted' });
    await world.leap(10 * MINUTE);
    expect(await requestIn(requestId)).toMatchObject({
      status: 'failed',
      failure: { state: 'StartExecution' },
    });
    expect(await dueRequests()).not.toContain(requestId);
    await expectInOrder(caseOf(requester, requestId));
    const again = await ask(world, await callers.get('engineer'), readRequest, key);
    expect(again.requestId).not.toBe(requestId);
  });

  it('whose execution was stopped by hand has failed, and nobody can approve it any more', async () => {
    const access = await ask(world, await callers.get('agent'), commentRequest);
    await stopExecution(access);
    await world.leap(15 * MINUTE);
    expect(await requestIn(access.requestId)).toMatchObject({
      status: 'failed',
      failure: { state: 'Execution', error: 'ABORTED' },
    });
    expect((await decide(world, await callers.get('owner'), access)).status).toBe(409);
    await expectInOrder(access);
  });

  it('whose execution was stopped while it waited for a step-up has failed, and waits no more', async () => {
    const access = await ask(world, await world.as('engineer', { amr: ['pwd'] }), deleteRequest);
    const request = await requestIn(access.requestId);
    expect(request).toMatchObject({ status: 'awaiting_step_up' });
    await stopExecution(access);
    await world.leap(14 * MINUTE);
    expect(await requestIn(access.requestId)).toMatchObject({ status: 'failed' });
    const waiting = { kind: 'WAITING_IN', name: String(request?.session) } as const;
    expect((await ledgerOf(world.runtime).list(accessRequestType, waiting, { limit: 1 })).items).toEqual([]);
  });

  it('waits for its approvers as long as its execution does', async () => {
    const access = await ask(world, await callers.get('agent'), commentRequest);
    await world.leap(2 * HOUR);
    expect(await requestIn(access.requestId)).toMatchObject({ status: 'awaiting_approval' });
    expect(await dueRequests()).toContain(access.requestId);
    expect((await decide(world, await callers.get('owner'), access)).status).toBe(200);
    expect(await dueRequests()).not.toContain(access.requestId);
  });

  const dueRequests = async () =>
    (
      await ledgerOf(world.runtime).list(accessRequestType, { kind: 'DUE', name: 'requests' }, { limit: 100 })
    ).items.map(({ id }) => id);
  const requestIds = async () =>
    (await tableItems(world.runtime)).flatMap(({ pk }) => /^REQUEST#(.*)/.exec(pk?.S ?? '')?.[1] ?? []);
});

describe('a run that finds everything in order', () => {
  it('writes nothing', async () => {
    const access = await ask(world, await callers.get('engineer'), readRequest);
    await world.runtime.settled();
    const before = await tableItems(world.runtime);
    const runs = () => world.runtime.functionLog('Reconcile').split('"reconcile completed"').length;
    const ran = runs();
    await world.leap(5 * MINUTE);
    expect(runs()).toBeGreaterThan(ran);
    expect(await tableItems(world.runtime)).toEqual(before);
    expect(await grantIn(access)).toMatchObject({ status: 'active' });
  });

  it('and runs at once as two do no harm', async () => {
    const access = await ask(world, await callers.get('engineer'), readRequest);
    await claimToken(access);
    await stopExecution(access);
    const results = await Promise.all([
      world.runtime.invoke('Reconcile', {}),
      world.runtime.invoke('Reconcile', {}),
    ]);
    for (const result of results) expect(result).toMatchObject({ succeeded: true });
    expect(await grantIn(access)).toMatchObject({ status: 'ended' });
    await expectInOrder(access);
  });

  it('is given nothing to work on: anything else is refused', async () => {
    expect(await world.runtime.invoke('Reconcile', { grant: 'grant-1' })).toMatchObject({
      succeeded: false,
      error: { errorType: 'InvalidInput' },
    });
  });
});
