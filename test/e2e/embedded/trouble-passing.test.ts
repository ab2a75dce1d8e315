import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedWorld, startWorld } from '../../../demo/world.ts';
import { approvalType } from '../../../lambdas/approval/approval.ts';
import { grantType } from '../../../lambdas/minting/grant.ts';
import {
  type AccessCase,
  ask,
  claim,
  commentRequest,
  decide,
  giveBack,
  grantOf,
  isActive,
  verifiedEvents,
} from '../../support/access-path.ts';
import { Callers } from '../../support/callers.ts';
import { executionStatusOf, ledgerOf } from '../../support/system-state.ts';
import { breakages, breakIt, broken, retriedUntil, whileBroken } from '../../support/trouble.ts';

/** What the workflow's functions need on the path of a request that is approved, claimed and given back. */
const needed = {
  VerifyRequester: ['read', 'write'],
  DecideAccess: ['read', 'write'],
  RequestApproval: ['read', 'write', 'encrypt'],
  MintCredential: ['read', 'write'],
  HoldGrant: ['read', 'write', 'encrypt'],
  RevokeCredential: ['read', 'write'],
  CloseGrant: ['read', 'write'],
} as const;
const writing = Object.fromEntries(Object.keys(needed).map((name) => [name, ['write'] as const]));

const pathEvents = [
  'request.submitted',
  'requester.verified',
  'access.decided',
  'approval.requested',
  'approval.decided',
  'grant.activated',
  'grant.held',
  'credential.claimed',
  'credential.issued',
  'grant.returned',
  'credential.revoked',
  'grant.ended',
];

/** Waiting anew, with another task token, is a transition of its own. */
const waitingAnew = (type: string, index: number, events: readonly string[]) =>
  type === 'approval.requested-again' || (type === 'grant.held' && events.indexOf(type) !== index);

let world: EmbeddedWorld;
let callers: Callers;

beforeAll(async () => {
  world = await startWorld();
  callers = new Callers(world);
});
afterEach(() => world.runtime.faults.clear());
afterAll(() => world.stop());

/** Walks the whole path, waiting at each place for as long as a step is tried again. */
async function walkThePath(): Promise<AccessCase> {
  const ledger = ledgerOf(world.runtime);
  const access = await ask(world, await callers.get('agent'), commentRequest);
  const grant = async () => (await ledger.read(grantType, access.grantId))?.entity;
  await retriedUntil(world, async () => (await ledger.read(approvalType, access.approvalId)) !== undefined);
  expect(await decide(world, await callers.get('owner'), access)).toMatchObject({ status: 200 });
  await retriedUntil(world, async () => {
    const held = await grant();
    return held?.status === 'active' && held.encryptedHoldToken !== undefined;
  });
  const claimed = await claim(access);
  expect(claimed).toMatchObject({ status: 200 });
  expect(await giveBack(access)).toMatchObject({ status: 202 });
  await retriedUntil(
    world,
    async () => (await executionStatusOf(world.runtime, access.requestId)) !== 'RUNNING',
  );
  expect(await isActive(world, claimed.body.access_token)).toBe(false);
  return access;
}

async function expectTheWholePathOnce(access: AccessCase): Promise<void> {
  expect(await executionStatusOf(world.runtime, access.requestId)).toBe('SUCCEEDED');
  const { entity } = (await ledgerOf(world.runtime).read(grantType, access.grantId)) ?? {};
  expect(entity).toMatchObject({ status: 'ended', reason: 'returned' });
  const events = await verifiedEvents(world, access.requestId);
  expect(events.filter((type, index) => !waitingAnew(type, index, events))).toEqual(pathEvents);
}

describe('a passing failure changes nothing but the time that the path takes', () => {
  it.each(breakages(needed))('$functionName cannot $cannot, twice', async (breakage) => {
    breakIt(world, breakage, breakage.cannot === 'read' ? 1 : 2);
    await expectTheWholePathOnce(await walkThePath());
  });
});

describe('an answer that is lost, when the transaction has happened, does not make it happen twice', () => {
  it.each(breakages(writing, 'loses its answers'))(
    '$functionName: the workflow tries again',
    async (breakage) => {
      breakIt(world, breakage, 2);
      await expectTheWholePathOnce(await walkThePath());
    },
  );

  it.each(Object.keys(needed))('%s: the SDK sends it again', async (functionName) => {
    world.runtime.faults.fail({
      functionName,
      service: 'dynamodb',
      operation: 'TransactWriteItems',
      when: 'after',
      times: 1,
      error: { code: 'InternalServerError', statusCode: 500 },
    });
    await expectTheWholePathOnce(await walkThePath());
  });
});

it('an approval that is given while the wait for it is tried again goes on at once', async () => {
  const unconfirmed = broken('RequestApproval', 'write', 'loses its answers');
  const access = await whileBroken(world, unconfirmed, async () =>
    ask(world, await callers.get('agent'), commentRequest),
  );
  expect(await decide(world, await callers.get('owner'), access)).toMatchObject({ status: 200 });
  await world.leap(10_000);
  expect(await grantOf(access)).toMatchObject({ status: 'active' });
});
