import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { dynamoDbLedger } from '../../../lambdas/platform/ledger.dynamodb.ts';
import type { Ledger } from '../../../lambdas/platform/ledger.port.ts';
import { principalType } from '../../../lambdas/verification/principal.ts';

const TABLE = 'sallyport';

/** What the table is asked by a read of the ledger; it answers that there is nothing. */
async function askedBy(read: (ledger: Ledger) => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const asked: Record<string, unknown>[] = [];
  const send = async ({ input }: { input: Record<string, unknown> }) => {
    asked.push(input);
    return {};
  };
  await read(dynamoDbLedger({ send } as unknown as DynamoDBClient, TABLE));
  return asked;
}

test.for<[string, (ledger: Ledger) => Promise<unknown>]>([
  ['a list', (ledger) => ledger.list(principalType, { kind: 'INBOX', name: 'g' }, { limit: 1 })],
  ['a chain', (ledger) => ledger.events('req-1', { limit: 1 })],
  ['the chains of an undertaking', (ledger) => ledger.chainsOf('txn-1')],
])('%s is read as it is now, not as it was', async ([, read]) => {
  expect(await askedBy(read)).toEqual([expect.objectContaining({ ConsistentRead: true })]);
});

test.for<[string, (ledger: Ledger) => Promise<unknown>]>([
  ['an entity', (ledger) => ledger.read(principalType, 'dana')],
  ['one of several entities', (ledger) => ledger.readAll([[principalType, 'dana']])],
])('%s is read as it is now, not as it was', async ([, read]) => {
  const asked = await askedBy(read);
  expect(asked).toEqual([{ RequestItems: { [TABLE]: expect.objectContaining({ ConsistentRead: true }) } }]);
});
