import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ApiClient } from '../../../demo/api-client.ts';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { grantType } from '../../../lambdas/minting/grant.ts';
import { accessRequestType } from '../../../lambdas/requests/access-request.ts';
import {
  type AccessCase,
  ask,
  claim,
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
import { executionStatusOf, ledgerOf } from '../../support/system-state.ts';
import { type Breakage, breakages, breakIt, broken, waitForTheEnd } from '../../support/trouble.ts';

const HOUR = 3_600_000;

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
const requestIn = async ({ requestId }: AccessCase) =>
  (await ledgerOf(world.runtime).read(accessRequestType, requestId))?.entity;

async function expectNothingToClaim(access: AccessCase): Promise<void> {
  const now = { ...access, requester: await callers.get('agent') };
  expect((await claim(now)).status).toBeOneOf([404, 409]);
}

describe('a step that is broken for good before there is a grant', () => {
  it.each([
    ...breakages({
      VerifyRequester: ['read', 'write'],
      DecideAccess: ['read', 'write'],
      RequestApproval: ['read', 'write', 'encrypt'],
    }),
    ...breakages({ RequestApproval: ['write', 'encrypt'] }, 'loses its answers'),
  ])('fails the request: $functionName cannot $cannot ($how)', async (breakage) => {
    breakIt(world, breakage);
    const access = await ask(world, await callers.get('agent'), commentRequest);
    expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
    expect(await requestIn(access)).toMatchObject({
      status: 'failed',
      failure: { state: breakage.functionName, error: 'DependencyUnavailable' },
    });
    expect(await grantIn(access)).toBeUndefined();
    await expectNothingToClaim(access);
    const events = await verifiedEvents(world, access.requestId);
    expect(events.filter((type) => type === 'request.failed')).toHaveLength(1);
    // Nobody can bring it back to life.
    expect((await decide(world, await callers.get('owner'), access)).status).toBeOneOf([404, 409]);
  });

  it.each(breakages({ VerifyRequester: ['write'], DecideAccess: ['write'] }, 'loses its answers'))(
    'but does its work lets the path go on, as the next try finds it done: $functionName',
    async (breakage) => {
      breakIt(world, breakage);
      const access = await ask(world, await callers.get('agent'), commentRequest);
      await world.leap(10_000);
      expect(await requestIn(access)).toMatchObject({ status: 'awaiting_approval' });
    },
  );
});

describe('a request that cannot be looked at until its session has ended', () => {
  it('is denied then', async () => {
    const putRight = breakIt(world, broken('VerifyRequester', 'read'));
    const token = await world.token('engineer');
    const access = await ask(world, new ApiClient(world.runtime.apiUrl, token), readRequest);
    await access.requester.postForm('/oauth2/revoke', { token });
    putRight();
    await world.leap(10_000);
    expect(await requestIn(access)).toMatchObject({ status: 'denied' });
    expect(await executionStatusOf(world.runtime, access.requestId)).toBe('SUCCEEDED');
  });
});

describe('a step-up that a request waits for', () => {
  const askWeakly = async () => ask(world, await world.as('engineer', { amr: ['pwd'] }), deleteRequest);
  const expectFailed = async (access: AccessCase, { functionName: state }: Breakage) => {
    expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
    const request = await requestIn(access);
    expect(request).toMatchObject({ status: 'failed', failure: { state, error: 'DependencyUnavailable' } });
    // No step-up in its session looks for it any more.
    const list = { kind: 'WAITING_IN', name: String(request?.session) } as const;
    expect((await ledgerOf(world.runtime).list(accessRequestType, list, { limit: 1 })).items).toEqual([]);
    await verifiedEvents(world, access.requestId);
  };

  it.each(breakages({ RequestStepUp: ['read', 'write', 'encrypt'] }))(
    'and cannot be waited for fails it: cannot $cannot',
    async (breakage) => {
      breakIt(world, breakage);
      await expectFailed(await askWeakly(), breakage);
    },
  );

  it.each(breakages({ DecideAccess: ['read', 'write'] }))(
    'and never comes fails it where it cannot be decided then: cannot $cannot',
    async (breakage) => {
      const access = await askWeakly();
      breakIt(world, breakage);
      await world.leap(HOUR);
      await expectFailed(access, breakage);
    },
  );
});

describe('an approval that cannot be timed out', () => {
  it.each(breakages({ SettleApproval: ['read', 'write'] }))(
    'fails the request and closes the approval: cannot $cannot',
    async (breakage) => {
      const access = await ask(world, await callers.get('agent'), commentRequest);
      breakIt(world, breakage);
      await world.leap(24 * HOUR);
      expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
      expect(await requestIn(access)).toMatchObject({
        status: 'failed',
        failure: { state: 'SettleApproval', error: 'DependencyUnavailable' },
      });
      expect((await decide(world, await callers.get('owner'), access)).status).toBe(409);
    },
  );
});

async function brokenAfterApproval(breakage: Breakage): Promise<AccessCase> {
  const access = await ask(world, await callers.get('agent'), commentRequest);
  breakIt(world, breakage);
  expect(await decide(world, await callers.get('owner'), access)).toMatchObject({ status: 200 });
  return access;
}

describe('an approval that is given and cannot be settled', () => {
  it('fails the request, and the grant that was to come of it is abandoned', async () => {
    const access = await brokenAfterApproval(broken('SettleApproval', 'read'));
    expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
    expect(await grantIn(access)).toMatchObject({ status: 'abandoned' });
    expect(await requestIn(access)).toMatchObject({
      status: 'failed',
      failure: { state: 'SettleApproval', error: 'DependencyUnavailable' },
    });
    await expectNothingToClaim(access);
    await verifiedEvents(world, access.requestId);
  });
});

describe('a grant that cannot become active', () => {
  it.each(breakages({ MintCredential: ['read', 'write'] }))(
    'is abandoned, and its request has failed: cannot $cannot',
    async (breakage) => {
      const access = await brokenAfterApproval(breakage);
      await waitForTheEnd(world, access.requestId);
      expect(await grantIn(access)).toMatchObject({ status: 'abandoned' });
      expect(await requestIn(access)).toMatchObject({
        status: 'failed',
        failure: { state: 'MintCredential', error: 'DependencyUnavailable' },
      });
      await expectNothingToClaim(access);
      await verifiedEvents(world, access.requestId);
    },
  );
});

describe('a grant that can neither become active nor be looked at', () => {
  it.each([
    ['by the reconciler', []],
    ['by its own workflow where the reconciler cannot', [broken('Reconcile', 'read')]],
  ])('is abandoned all the same, and its request has failed: %s', async (_, alsoBroken) => {
    for (const breakage of [...alsoBroken, broken('RevokeCredential', 'read')]) breakIt(world, breakage);
    const access = await brokenAfterApproval(broken('MintCredential', 'write'));
    expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
    expect(await grantIn(access)).toMatchObject({ status: 'abandoned' });
    expect(await requestIn(access)).toMatchObject({ status: 'failed', failure: { state: 'MintCredential' } });
    await expectNothingToClaim(access);
    await verifiedEvents(world, access.requestId);
  });
});

describe('a grant that cannot be held', () => {
  it.each([
    ...breakages({ HoldGrant: ['read', 'write', 'encrypt'] }),
    ...breakages({ HoldGrant: ['write', 'encrypt'] }, 'loses its answers'),
  ])('ends, and says so: cannot $cannot ($how)', async (breakage) => {
    const access = await brokenAfterApproval(breakage);
    await waitForTheEnd(world, access.requestId);
    expect(await grantIn(access)).toMatchObject({
      status: 'ended',
      reason: 'failed',
      failure: { state: 'HoldGrant', error: 'DependencyUnavailable' },
    });
    await expectNothingToClaim(access);
    await verifiedEvents(world, access.requestId);
  });

  it('ends with the token that was claimed meanwhile', async () => {
    const access = await brokenAfterApproval(broken('HoldGrant', 'encrypt'));
    const token = await claimToken(access);
    expect(await isActive(world, token)).toBe(true);
    await waitForTheEnd(world, access.requestId);
    expect(await isActive(world, token)).toBe(false);
    expect(await grantIn(access)).toMatchObject({ status: 'ended', credential: { status: 'revoked' } });
  });
});

describe('a credential that cannot be revoked', () => {
  // Which would end it, though its workflow cannot: `reconciler.test.ts`.
  beforeEach(() => {
    breakIt(world, broken('Reconcile', 'read'));
  });

  const cannotRevoke = breakages({ RevokeCredential: ['read', 'write'] });

  it.each(cannotRevoke)(
    'of a grant that was given back is unresolved, never done: cannot $cannot',
    async (breakage) => {
      const access = await ask(world, await callers.get('engineer'), readRequest);
      const token = await claimToken(access);
      breakIt(world, breakage);
      await giveBack(access);
      await expectUnresolved(access, token);
    },
  );

  it.each(cannotRevoke)(
    'of a grant that expired is unresolved, never done: cannot $cannot',
    async (breakage) => {
      const access = await ask(world, await callers.get('engineer'), readRequest);
      const token = await claimToken(access);
      breakIt(world, breakage);
      await world.leap(HOUR);
      await expectUnresolved(access, token);
    },
  );

  it.each(cannotRevoke)(
    'of a grant that could not be held either is unresolved, and dead: cannot $cannot',
    async (breakage) => {
      breakIt(world, broken('HoldGrant', 'encrypt'));
      const access = await ask(world, await callers.get('engineer'), { ...readRequest, duration: 'PT8H' });
      const token = await claimToken(access);
      breakIt(world, breakage);
      await expectUnresolved(access, token);
    },
  );

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
  // Which would close it, though its workflow cannot.
  beforeEach(() => {
    breakIt(world, broken('Reconcile', 'read'));
  });

  it.each(breakages({ CloseGrant: ['read', 'write'] }))(
    'is not shown as ended, but its credential is known to be dead: cannot $cannot',
    async (breakage) => {
      const access = await ask(world, await callers.get('engineer'), readRequest);
      const token = await claimToken(access);
      breakIt(world, breakage);
      await giveBack(access);
      expect(await waitForTheEnd(world, access.requestId)).toBe('FAILED');
      expect(await isActive(world, token)).toBe(false);
      expect(await grantIn(access)).toMatchObject({ status: 'ending', credential: { status: 'revoked' } });
      await verifiedEvents(world, access.requestId);
    },
  );
});
