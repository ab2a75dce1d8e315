import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ApiAnswer } from '../../../demo/api-client.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import {
  type AccessCase,
  ask,
  caseOf,
  claim,
  claimToken,
  commentRequest,
  decide,
  giveBack,
  grantOf,
  isActive,
  readRequest,
  taskOf,
  verifiedEvents,
} from '../../support/access-path.ts';
import { Callers } from '../../support/callers.ts';
import { expectProblem } from '../../support/problem-expectations.ts';
import { changingNothing, executionsOf, tableItems } from '../../support/system-state.ts';
import { type Breakage, breakages, broken, whileBroken } from '../../support/trouble.ts';

const CLAIM_LEASE = 60_000;

let world: EmbeddedWorld;
let callers: Callers;

beforeAll(async () => {
  world = await startWorld();
  callers = new Callers(world);
});
afterEach(() => world.runtime.faults.clear());
afterAll(() => world.stop());

const engineersGrant = async () => ask(world, await callers.get('engineer'), readRequest);
/** Refused while the dependency is down, without any effect; then, sent again, it works. */
async function unavailableThenFine(
  breakage: Breakage,
  act: () => Promise<ApiAnswer>,
  status: number,
): Promise<void> {
  const refused = await whileBroken(world, breakage, () => changingNothing(world.runtime, act));
  expectProblem(refused, 503, 'unavailable');
  expect((await act()).status).toBe(status);
  await world.runtime.settled();
}

describe('the first claim of all', () => {
  it('is refused while KMS does not give its public key, and can be made again', async () => {
    const access = await engineersGrant();
    const noKey = broken('ClaimCredential', 'get a public key');
    expectProblem(await whileBroken(world, noKey, () => claim(access)), 503, 'unavailable');
    expect(await grantOf(access)).toMatchObject({ status: 'active', credential: { status: 'prepared' } });
    expect((await claim(access)).status).toBe(200);
  });
});

describe('asking', () => {
  const asking = breakages({ SubmitAccessRequest: ['read', 'write'] });

  it.each(asking)('while it cannot $cannot is refused, and nothing is begun', async (breakage) => {
    const engineer = await callers.get('engineer');
    const key = { 'idempotency-key': `while it cannot ${breakage.cannot}` };
    await unavailableThenFine(breakage, () => engineer.post('/v1/access-requests', readRequest, key), 202);
  });

  it('whose workflow cannot be started is failed, and its start is never made good', async () => {
    const engineer = await callers.get('engineer');
    const executions = await executionsOf(world.runtime);
    const before = await tableItems(world.runtime);
    const noStart = broken('SubmitAccessRequest', 'start an execution');
    const submit = () => engineer.post('/v1/access-requests', readRequest);
    expectProblem(await whileBroken(world, noStart, submit), 503, 'unavailable');
    expect(await executionsOf(world.runtime)).toEqual(executions);
    const [latest = ''] = newRequests(before, await tableItems(world.runtime));
    expect(await taskOf(caseOf(engineer, latest))).toMatchObject({
      status: 'failed',
      failure: { state: 'StartExecution' },
    });
  });

  it('whose start is confirmed to nobody is failed, and the workflow that runs grants nothing', async () => {
    const engineer = await callers.get('engineer');
    const before = (await executionsOf(world.runtime)).map(({ name }) => name);
    const unconfirmed = broken('SubmitAccessRequest', 'start an execution', 'loses its answers');
    const submit = () => engineer.post('/v1/access-requests', readRequest);
    expectProblem(await whileBroken(world, unconfirmed, submit), 503, 'unavailable');
    // The workflow may have met the record of the failure, and tries again.
    await world.leap(10_000);
    const begun = (await executionsOf(world.runtime)).filter(({ name }) => !before.includes(name));
    for (const { name } of begun) {
      const access = caseOf(engineer, name);
      const { status } = await taskOf(access);
      const grant = await grantOf(access);
      // Either the failure was recorded before the workflow got anywhere, or the path took its course.
      expect(status === 'failed' ? [undefined, 'abandoned', 'pending'] : ['active']).toContain(grant?.status);
      await verifiedEvents(world, name);
    }
  });
});

describe('asking for several things at once', () => {
  it('that stops half-way can be taken back: what was not recorded then never is', async () => {
    const engineer = await callers.get('engineer');
    const subject = { type: 'user', id: 'engineer' };
    const action = { name: 'can_delete_todo' };
    const items = await Promise.all(
      ['todo-30', 'todo-31'].map(async (id) => {
        const resource = { type: 'todo', id };
        const { body } = await engineer.post('/access/v1/evaluation', { subject, action, resource });
        const { binding_token, expires_at } = body.context.access_request;
        return { action, resource, denial: { binding_token, expires_at } };
      }),
    );
    const unconfirmed = broken('SubmitAccessRequest', 'write', 'loses its answers');
    const submit = () => engineer.post('/access/v1/requests', { subject, items });
    expectProblem(await whileBroken(world, unconfirmed, submit), 503, 'unavailable');
    const [bundle = ''] = (await tableItems(world.runtime)).flatMap(
      ({ pk }) => /^BUNDLE#(.+)$/.exec(pk?.S ?? '')?.[1] ?? [],
    );

    const path = `/access/v1/requests/${bundle}`;
    expect(await engineer.post(`${path}/cancel`)).toMatchObject({ status: 200 });
    await world.runtime.settled();
    const { task } = (await engineer.get(path)).body;
    expect(task.items.map(({ status }: { status: string }) => status).sort()).toEqual([
      'cancelled',
      'cancelled',
    ]);
    await verifiedEvents(world, bundle);
  });
});

describe('deciding', () => {
  const deciding = breakages({ DecideApproval: ['read', 'write'] });

  it.each(deciding)(
    'while it cannot $cannot is refused, and counts once when it works again',
    async (breakage) => {
      const access = await ask(world, await callers.get('agent'), commentRequest);
      const owner = await callers.get('owner');
      await unavailableThenFine(breakage, () => decide(world, owner, access), 200);
      expect(await grantOf(access)).toMatchObject({ status: 'active' });
    },
  );

  it.each(breakages({ DecideApproval: ['decrypt', 'answer a task'] }))(
    'that the workflow was not told is told when it is sent again: cannot $cannot',
    async (breakage) => {
      const access = await ask(world, await callers.get('agent'), commentRequest);
      const owner = await callers.get('owner');
      const untold = await whileBroken(world, breakage, () => decide(world, owner, access));
      expectProblem(untold, 503, 'unavailable');
      expect(await changeOf(access)).toBe('permitted');
      expect((await decide(world, owner, access)).status).toBe(200);
      expect(await grantOf(access)).toMatchObject({ status: 'active' });
      const events = await verifiedEvents(world, access.requestId);
      expect(events.filter((type) => type === 'approval.decided')).toHaveLength(1);
    },
  );

  it('that the workflow was never told is found when the wait for it is over', async () => {
    const access = await ask(world, await callers.get('agent'), commentRequest);
    const owner = await callers.get('owner');
    await whileBroken(world, broken('DecideApproval', 'answer a task'), () => decide(world, owner, access));
    await world.leap(24 * 3_600_000);
    const now = { ...access, requester: await callers.get('agent') };
    expect((await taskOf(now)).status).toBeOneOf(['approved', 'denied']);
  });
});

const requestIdsOf = (items: Awaited<ReturnType<typeof tableItems>>) =>
  items.flatMap(({ pk }) => /^REQUEST#(.+)$/.exec(pk?.S ?? '')?.[1] ?? []);

const newRequests = (before: Parameters<typeof requestIdsOf>[0], after: Parameters<typeof requestIdsOf>[0]) =>
  requestIdsOf(after).filter((id) => !requestIdsOf(before).includes(id));

const changeOf = async (access: AccessCase) => (await taskOf(access)).state;

describe('claiming', () => {
  it('is refused while KMS does not sign; nothing is live; then it can be made again', async () => {
    const access = await engineersGrant();
    const noSignature = broken('ClaimCredential', 'sign');
    expectProblem(await whileBroken(world, noSignature, () => claim(access)), 503, 'unavailable');
    expect(await grantOf(access)).toMatchObject({ status: 'active', credential: { status: 'prepared' } });
    expect(await isActive(world, await claimToken(access))).toBe(true);
    expect((await verifiedEvents(world, access.requestId)).slice(-4)).toEqual([
      'credential.claimed',
      'credential.not-issued',
      'credential.claimed',
      'credential.issued',
    ]);
  });

  it.each(breakages({ ClaimCredential: ['read', 'write'] }))(
    'while it cannot $cannot is refused, before anything is taken',
    async (breakage) => {
      const access = await engineersGrant();
      await unavailableThenFine(breakage, () => claim(access), 200);
    },
  );

  it('whose taking was confirmed to nobody can be made again once no other can be under way', async () => {
    const access = await engineersGrant();
    const unconfirmed = broken('ClaimCredential', 'write', 'loses its answers');
    expectProblem(await whileBroken(world, unconfirmed, () => claim(access)), 503, 'unavailable');
    expectProblem(await claim(access), 409, 'being-claimed');
    await world.leap(CLAIM_LEASE);
    expect(await isActive(world, await claimToken(access))).toBe(true);
  });
});

describe('giving back', () => {
  it.each(breakages({ ReturnGrant: ['read', 'write'] }))(
    'while it cannot $cannot is refused, and can be done again',
    async (breakage) => {
      const access = await engineersGrant();
      await unavailableThenFine(breakage, () => giveBack(access), 202);
      expect(await grantOf(access)).toMatchObject({ status: 'ended', reason: 'returned' });
    },
  );

  it.each(breakages({ ReturnGrant: ['decrypt', 'answer a task'] }))(
    'ends the right at once though it cannot $cannot, and the rest when it is done again',
    async (breakage) => {
      const access = await engineersGrant();
      const token = await claimToken(access);
      const untold = await whileBroken(world, breakage, () => giveBack(access));
      expectProblem(untold, 503, 'unavailable');
      expect(await isActive(world, token)).toBe(false);
      expect(await grantOf(access)).toMatchObject({ status: 'ending', reason: 'returned' });
      expect((await giveBack(access)).status).toBe(202);
      await world.runtime.settled();
      expect(await grantOf(access)).toMatchObject({ status: 'ended', reason: 'returned' });
    },
  );

  it('that the workflow was never told is still a return when the grant’s time is over', async () => {
    const access = await engineersGrant();
    await whileBroken(world, broken('ReturnGrant', 'answer a task'), () => giveBack(access));
    await world.leap(3_600_000);
    const now = { ...access, requester: await callers.get('engineer') };
    expect(await grantOf(now)).toMatchObject({ status: 'ended', reason: 'returned' });
  });
});

describe('a token that cannot be checked', () => {
  it('opens nothing: introspection is unavailable, not wrong', async () => {
    const token = await claimToken(await engineersGrant());
    const resourceServer = await callers.get('ticketing-api');
    const ask = () => resourceServer.postForm('/oauth2/introspect', { token });
    await unavailableThenFine(broken('IntrospectToken', 'read'), ask, 200);
  });

  it('lets nobody in', async () => {
    const engineer = await callers.get('engineer');
    const answer = await whileBroken(world, broken('AuthorizeCaller', 'read'), () =>
      changingNothing(world.runtime, () => engineer.post('/v1/access-requests', readRequest)),
    );
    expect(answer.status).toBe(500);
  });
});

it('a request whose workflow could not be started is begun when the same is sent again', async () => {
  const engineer = await callers.get('engineer');
  const submit = () => engineer.post('/v1/access-requests', readRequest, { 'idempotency-key': 'once more' });
  const refused = await whileBroken(world, broken('SubmitAccessRequest', 'start an execution'), submit);
  expectProblem(refused, 503, 'unavailable');
  const again = await submit();
  await world.runtime.settled();
  const { body } = await engineer.get(again.body.task.status_endpoint);
  expect(body.task.status).toBe('approved');
});
