import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../demo/world.ts';
import {
  type AccessCase,
  ask,
  claim,
  commentRequest,
  decide,
  giveBack,
  grantOf,
  isActive,
} from '../support/access-path.ts';
import { Callers } from '../support/callers.ts';
import { executionStatusOf } from '../support/system-state.ts';
import {
  dependenciesOf,
  failing,
  losingTheAnswer,
  verifiedEvents,
  waitForRetries,
} from '../support/trouble.ts';

/** What the workflow's functions call on the path of a request that is approved, claimed and given back. */
const dependencies = dependenciesOf({
  VerifyRequester: ['GetItem', 'BatchGetItem', 'Query', 'TransactWriteItems'],
  DecideAccess: ['GetItem', 'BatchGetItem', 'Query', 'TransactWriteItems'],
  RequestApproval: ['GetItem', 'BatchGetItem', 'Query', 'TransactWriteItems', 'kms:Encrypt'],
  MintCredential: ['GetItem', 'Query', 'TransactWriteItems'],
  HoldGrant: ['GetItem', 'Query', 'TransactWriteItems', 'kms:Encrypt'],
  RevokeCredential: ['GetItem', 'Query', 'TransactWriteItems'],
  CloseGrant: ['GetItem', 'Query', 'TransactWriteItems'],
});

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

/** Waiting anew with another task token is a transition of its own. */
const repeatable = new Set(['approval.requested-again', 'grant.held']);

let world: World;
let callers: Callers;

beforeAll(async () => {
  world = await startWorld({ proxyDynamoDb: true });
  callers = new Callers(world);
});
afterEach(() => world.runtime.faults.clear());
afterAll(() => world.stop());

/** Walks the whole path, with the time between two steps that two tries of a step take. */
async function walkThePath(): Promise<AccessCase> {
  const access = await ask(world, await callers.get('agent'), commentRequest);
  await waitForRetries(world, 2);
  expect(await decide(world, await callers.get('owner'), access)).toMatchObject({ status: 200 });
  await waitForRetries(world, 2);
  const claimed = await claim(access);
  expect(claimed).toMatchObject({ status: 200 });
  expect(await giveBack(access)).toMatchObject({ status: 202 });
  await world.runtime.settled();
  await waitForRetries(world, 2);
  expect(await isActive(world, claimed.body.access_token)).toBe(false);
  return access;
}

async function expectTheWholePathOnce(access: AccessCase): Promise<void> {
  expect(await executionStatusOf(world.runtime, access.requestId)).toBe('SUCCEEDED');
  expect(await grantOf(access)).toMatchObject({ status: 'ended', reason: 'returned' });
  const events = await verifiedEvents(world, access.requestId);
  const once = events.filter((type, index) => !repeatable.has(type) || events.indexOf(type) === index);
  expect(once.filter((type) => type !== 'approval.requested-again')).toEqual(pathEvents);
}

describe('a passing failure changes nothing but the time that the path takes', () => {
  it.each(dependencies)('$functionName: $service $operation, twice', async (call) => {
    world.runtime.faults.fail(failing(call, 2));
    await expectTheWholePathOnce(await walkThePath());
  });
});

const written = dependencies.filter(({ operation }) => operation === 'TransactWriteItems');

describe('an answer that is lost, when the transaction has happened, does not make it happen twice', () => {
  it.each(written)('$functionName, once', async (call) => {
    world.runtime.faults.fail(losingTheAnswer(call, 1));
    await expectTheWholePathOnce(await walkThePath());
  });

  it.each(written)('$functionName, and the SDK sends it again', async (call) => {
    const serverFault = { code: 'InternalServerError', statusCode: 500 };
    world.runtime.faults.fail({ ...losingTheAnswer(call, 1), error: serverFault });
    await expectTheWholePathOnce(await walkThePath());
  });
});
