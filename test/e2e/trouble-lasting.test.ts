import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../demo/world.ts';
import { grantType } from '../../lambdas/minting/grant.ts';
import { accessRequestType } from '../../lambdas/requests/access-request.ts';
import type { Fault } from '../../local/aws/faults.ts';
import {
  type AccessCase,
  ask,
  claim,
  claimToken,
  commentRequest,
  decide,
  giveBack,
  isActive,
  readRequest,
} from '../support/access-path.ts';
import { Callers } from '../support/callers.ts';
import { ledgerOf } from '../support/system-state.ts';
import {
  dependenciesOf,
  failing,
  losingTheAnswer,
  verifiedEvents,
  waitForTheEnd,
  waysToBreak,
} from '../support/trouble.ts';

const HOUR = 3_600_000;

let world: World;
let callers: Callers;

beforeAll(async () => {
  world = await startWorld({ proxyDynamoDb: true });
  callers = new Callers(world);
});
afterEach(() => world.runtime.faults.clear());
afterAll(() => world.stop());

const grantIn = async ({ grantId }: AccessCase) =>
  (await ledgerOf(world.runtime).read(grantType, grantId))?.entity;
const requestIn = async ({ requestId }: AccessCase) =>
  (await ledgerOf(world.runtime).read(accessRequestType, requestId))?.entity;

async function expectNothingToClaim(access: AccessCase): Promise<void> {
  const now = { ...access, requester: await callers.get('agent') };
  expect((await claim(now)).status).toBeOneOf([404, 409]);
}

describe('a step that is broken for good before there is a grant', () => {
  const beforeTheGrant = dependenciesOf({
    VerifyRequester: ['GetItem', 'BatchGetItem', 'Query'],
    DecideAccess: ['GetItem', 'BatchGetItem', 'Query'],
    RequestApproval: ['GetItem', 'BatchGetItem', 'Query', 'TransactWriteItems', 'kms:Encrypt'],
  });

  it.each(waysToBreak(beforeTheGrant))('fails the request: $functionName, $operation $how', async (call) => {
    world.runtime.faults.fail(call.fault);
    const access = await ask(world, await callers.get('agent'), commentRequest);
    expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
    expect(await requestIn(access)).toMatchObject({
      status: 'failed',
      failure: { state: call.functionName, error: 'DependencyUnavailable' },
    });
    expect(await grantIn(access)).toBeUndefined();
    await expectNothingToClaim(access);
    const events = await verifiedEvents(world, access.requestId);
    expect(events.filter((type) => type === 'request.failed')).toHaveLength(1);
    // Nobody can bring it back to life.
    const late = await decide(world, await callers.get('owner'), access);
    expect(late.status).toBeOneOf([404, 409]);
  });
});

describe('a write that fails for good before there is a grant', () => {
  it.each(dependenciesOf({ VerifyRequester: ['TransactWriteItems'], DecideAccess: ['TransactWriteItems'] }))(
    'fails the request: $functionName',
    async (call) => {
      world.runtime.faults.fail(failing(call));
      const access = await ask(world, await callers.get('agent'), commentRequest);
      expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
      expect(await requestIn(access)).toMatchObject({
        status: 'failed',
        failure: { state: call.functionName },
      });
      await verifiedEvents(world, access.requestId);
    },
  );

  it.each(dependenciesOf({ VerifyRequester: ['TransactWriteItems'], DecideAccess: ['TransactWriteItems'] }))(
    'and only loses its answers lets the path go on, as the next try finds it done: $functionName',
    async (call) => {
      world.runtime.faults.fail(losingTheAnswer(call));
      const access = await ask(world, await callers.get('agent'), commentRequest);
      await world.leap(10_000);
      expect(await requestIn(access)).toMatchObject({ status: 'awaiting_approval' });
    },
  );
});

describe('an approval that cannot be timed out', () => {
  it.each(dependenciesOf({ ExpireApproval: ['GetItem', 'Query', 'TransactWriteItems'] }))(
    'fails the request and closes the approval: $operation',
    async (call) => {
      const access = await ask(world, await callers.get('agent'), commentRequest);
      world.runtime.faults.fail(failing(call));
      await world.leap(24 * HOUR);
      expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
      expect(await requestIn(access)).toMatchObject({
        status: 'failed',
        failure: { state: 'ExpireApproval', error: 'DependencyUnavailable' },
      });
      expect((await decide(world, await callers.get('owner'), access)).status).toBe(409);
    },
  );
});

describe('a step that is broken for good when there is a grant', () => {
  const withAGrant = dependenciesOf({
    MintCredential: ['GetItem', 'Query'],
    HoldGrant: ['GetItem', 'Query', 'TransactWriteItems', 'kms:Encrypt'],
  });

  it.each(waysToBreak(withAGrant))(
    'leaves nothing live and says so: $functionName, $operation $how',
    async (call) => {
      const access = await brokenAfterApproval(call.fault);
      expect(await waitForTheEnd(world, access.requestId)).toBe('SUCCEEDED');
      const failure = { state: call.functionName, error: 'DependencyUnavailable' };
      const grant = await grantIn(access);
      if (call.functionName === 'MintCredential') {
        expect(grant).toMatchObject({ status: 'abandoned' });
        expect(await requestIn(access)).toMatchObject({ status: 'failed', failure });
      } else {
        expect(grant).toMatchObject({ status: 'ended', reason: 'failed', failure });
      }
      await expectNothingToClaim(access);
      await verifiedEvents(world, access.requestId);
    },
  );
});

async function brokenAfterApproval(fault: Fault): Promise<AccessCase> {
  const access = await ask(world, await callers.get('agent'), commentRequest);
  world.runtime.faults.fail(fault);
  expect(await decide(world, await callers.get('owner'), access)).toMatchObject({ status: 200 });
  return access;
}

describe('a grant that cannot be held', () => {
  it('ends, and with it the token that was claimed meanwhile', async () => {
    const access = await brokenAfterApproval(
      failing({ functionName: 'HoldGrant', service: 'kms', operation: 'Encrypt' }),
    );
    const token = await claimToken(access);
    expect(await isActive(world, token)).toBe(true);
    await waitForTheEnd(world, access.requestId);
    expect(await isActive(world, token)).toBe(false);
    expect(await grantIn(access)).toMatchObject({ status: 'ended', credential: { status: 'revoked' } });
  });
});

describe('a credential that cannot be revoked', () => {
  const revoking = dependenciesOf({ RevokeCredential: ['GetItem', 'Query', 'TransactWriteItems'] });

  it.each(revoking)('of a grant that was given back is unresolved, never done: $operation', async (call) => {
    const access = await ask(world, await callers.get('engineer'), readRequest);
    const token = await claimToken(access);
    world.runtime.faults.fail(failing(call));
    await giveBack(access);
    await expectUnresolved(access, token);
  });

  async function expectUnresolved(access: AccessCase, token: string): Promise<void> {
    const logBefore = world.runtime.functionLog('RecordUnrevoked').length;
    expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
    expect(await isActive(world, token)).toBe(false);
    expect(await grantIn(access)).toMatchObject({ status: 'unresolved' });
    const events = await verifiedEvents(world, access.requestId);
    expect(events.filter((type) => type === 'credential.unresolved')).toHaveLength(1);
    expect(world.runtime.functionLog('RecordUnrevoked').slice(logBefore)).toContain(
      '"UnrevokedCredential":1',
    );
  }
});

describe('a grant that cannot be closed', () => {
  it.each(dependenciesOf({ CloseGrant: ['GetItem', 'Query', 'TransactWriteItems'] }))(
    'is not shown as ended, but its credential is known to be dead: $operation',
    async (call) => {
      const access = await ask(world, await callers.get('engineer'), readRequest);
      const token = await claimToken(access);
      world.runtime.faults.fail(failing(call));
      await giveBack(access);
      expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
      expect(await isActive(world, token)).toBe(false);
      expect(await grantIn(access)).toMatchObject({ status: 'ending', credential: { status: 'revoked' } });
      await verifiedEvents(world, access.requestId);
    },
  );
});
