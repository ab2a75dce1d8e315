import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { verifyChain } from '../../../lambdas/audit/chain.ts';
import type { EventBody } from '../../../lambdas/audit/event.ts';
import { creation, type EntityType, replacement, type Stored } from '../../../lambdas/platform/entity.ts';
import { BrokenInvariant, DependencyUnavailable, StateConflict } from '../../../lambdas/platform/failures.ts';
import { dynamoDbLedger } from '../../../lambdas/platform/ledger.dynamodb.ts';
import type { Ledger } from '../../../lambdas/platform/ledger.port.ts';
import { callDynamoDb, type DynamoDb, startDynamoDb } from '../../../local/aws/dynoxide.ts';
import type { JsonObject } from '../../../local/aws/service.ts';
import { inMemoryLedger } from '../../support/in-memory-ledger.ts';

/** An entity that stands in the lists that it names, at its place. */
const Thing = z.object({ id: z.string(), lists: z.array(z.string()), place: z.string(), note: z.string() });
type Thing = z.infer<typeof Thing>;
const thingType: EntityType<typeof Thing> = {
  kind: 'GRANT',
  schema: Thing,
  listEntries: ({ id, lists, place }) =>
    lists.map((list) => ({ kind: 'GRANTS_OF' as const, list, place, entityId: id })),
  collectAtEpochSeconds: ({ note }) => (note === 'collect' ? 1767603600 : undefined),
};

const thing = (id: string, over: Partial<Thing> = {}): Thing => ({
  id,
  lists: [],
  place: id,
  note: '',
  ...over,
});
const told = (type: string): EventBody => ({
  type,
  at: '2026-01-05T09:00:00.000Z',
  txn: 'txn-1',
  who: { service: 'a-test' },
  details: { type },
});

const TABLE = 'sallyport';
let dynamoDb: DynamoDb;
let client: DynamoDBClient;

/** The table as the state stack declares it. */
async function makeTable(): Promise<void> {
  await callDynamoDb(dynamoDb.endpoint, 'DeleteTable', { TableName: TABLE }).catch(() => {});
  await callDynamoDb(dynamoDb.endpoint, 'CreateTable', {
    TableName: TABLE,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  });
}

beforeAll(async () => {
  dynamoDb = await startDynamoDb(undefined);
  client = new DynamoDBClient({
    endpoint: dynamoDb.endpoint,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
});
afterAll(async () => {
  client.destroy();
  await dynamoDb.stop();
});

const kinds: Record<string, () => Promise<Ledger>> = {
  DynamoDB: async () => {
    await makeTable();
    return dynamoDbLedger(client, TABLE);
  },
  'in memory': async () => inMemoryLedger(),
};

describe.for(Object.keys(kinds))('the ledger, %s', (kind) => {
  let ledger: Ledger;
  beforeEach(async () => {
    ledger = (await kinds[kind]?.()) ?? inMemoryLedger();
  });

  /** Makes a thing in a case of its own, or in one that is open. */
  const make = (entity: Thing, chain = entity.id, opens = true) =>
    ledger.commit({
      chain,
      ...(opens ? { opens: true } : {}),
      event: told('made'),
      changes: [creation(thingType, entity)],
    });
  async function stored(id: string): Promise<Stored<Thing>> {
    const found = await ledger.read(thingType, id);
    if (found === undefined) throw new Error(`There is no ${id}`);
    return found;
  }
  const change = (before: Stored<Thing>, over: Partial<Thing>, chain = before.entity.id) =>
    ledger.commit({
      chain,
      event: told('changed'),
      changes: [replacement(thingType, before, { ...before.entity, ...over })],
    });
  const namesIn = async (name: string, page: Parameters<Ledger['list']>[2] = { limit: 10 }) =>
    (await ledger.list(thingType, { kind: 'GRANTS_OF', name }, page)).items.map(({ id }) => id);
  const typesIn = async (chain: string) =>
    (await ledger.events(chain, { limit: 100 })).map(({ type }) => type);

  describe('a transition', () => {
    test('makes its entity and tells it in one event', async () => {
      await make(thing('a', { note: 'first' }));
      expect((await stored('a')).entity).toEqual(thing('a', { note: 'first' }));
      expect(await typesIn('a')).toEqual(['made']);
    });

    test('answers where its chain ends, and its entity remembers it', async () => {
      const head = await make(thing('a'));
      const [event] = await ledger.events('a', { limit: 1 });
      expect([head, (await stored('a')).toldBy]).toEqual(
        [event, event].map((one) => ({ chain: 'a', sequence: one?.sequence, hash: one?.hash })),
      );
    });

    test('of what was read before another changed it conflicts, and leaves nothing changed', async () => {
      await make(thing('a', { lists: ['x'] }));
      const read = await stored('a');
      await change(read, { note: 'theirs' });
      await expect(change(read, { note: 'mine', lists: ['y'] })).rejects.toThrow(StateConflict);
      expect((await stored('a')).entity.note).toBe('theirs');
      expect([await typesIn('a'), await namesIn('y')]).toEqual([['made', 'changed'], []]);
    });

    test('of several entities changes none where one of them conflicts', async () => {
      await make(thing('a'));
      await make(thing('b'));
      const [a, b] = [await stored('a'), await stored('b')];
      await change(b, { note: 'theirs' });
      const both = [a, b].map((one) => replacement(thingType, one, { ...one.entity, note: 'mine' }));
      await expect(ledger.commit({ chain: 'a', event: told('both'), changes: both })).rejects.toThrow(
        StateConflict,
      );
      expect([(await stored('a')).entity.note, await typesIn('a')]).toEqual(['', ['made']]);
    });

    test('that makes what exists conflicts', async () => {
      await make(thing('a'));
      await expect(make(thing('a'), 'another')).rejects.toThrow(StateConflict);
      expect(await typesIn('another')).toEqual([]);
    });

    test('that opens a case which is open conflicts', async () => {
      await make(thing('a'));
      await expect(make(thing('b'), 'a')).rejects.toThrow(StateConflict);
      expect(await ledger.read(thingType, 'b')).toBeUndefined();
    });

    test('that changes nothing still tells its event', async () => {
      await make(thing('a'));
      await ledger.commit({ chain: 'a', event: told('noted'), changes: [] });
      expect(await typesIn('a')).toEqual(['made', 'noted']);
    });
  });

  describe('a chain', () => {
    test('to which many transitions append at once has no gap and verifies', async () => {
      await make(thing('a'));
      await Promise.all(['b', 'c', 'd', 'e', 'f'].map((id) => make(thing(id), 'a', false)));
      const events = await ledger.events('a', { limit: 100 });
      expect(verifyChain('a', events)).toEqual({ verified: true, events: 6 });
    });

    test('goes on where it ends, though the entity was told of long before', async () => {
      await make(thing('a'));
      const early = await stored('a');
      await make(thing('b'), 'a', false);
      await change(early, { note: 'late' });
      expect(verifyChain('a', await ledger.events('a', { limit: 100 }))).toEqual({
        verified: true,
        events: 3,
      });
    });

    test('goes on where it ends, though its entity was last told of in another', async () => {
      await make(thing('a'));
      await ledger.commit({ chain: 'b', opens: true, event: told('opened'), changes: [] });
      await change(await stored('a'), { note: 'elsewhere' }, 'b');
      expect(verifyChain('b', await ledger.events('b', { limit: 100 }))).toEqual({
        verified: true,
        events: 2,
      });
    });

    test('is read page by page', async () => {
      await make(thing('a'));
      await make(thing('b'), 'a', false);
      await make(thing('c'), 'a', false);
      const [first, rest] = [
        await ledger.events('a', { limit: 2 }),
        await ledger.events('a', { limit: 2, after: 2 }),
      ];
      expect([first, rest].map((page) => page.map(({ sequence }) => sequence))).toEqual([[1, 2], [3]]);
    });

    test('is found by its txn, one after another', async () => {
      await make(thing('a'));
      await make(thing('b'));
      expect([await ledger.chainsOf('txn-1'), await ledger.chainsOf('txn-2')]).toEqual([['a', 'b'], []]);
    });
  });

  describe('a list', () => {
    test('follows its entities: made, moved, removed', async () => {
      await make(thing('a', { lists: ['x', 'y'] }));
      expect([await namesIn('x'), await namesIn('y')]).toEqual([['a'], ['a']]);
      await change(await stored('a'), { lists: ['y', 'z'] });
      expect([await namesIn('x'), await namesIn('y'), await namesIn('z')]).toEqual([[], ['a'], ['a']]);
      await change(await stored('a'), { lists: [] });
      expect([await namesIn('y'), await namesIn('z')]).toEqual([[], []]);
    });

    test('holds an entity that moved within it once, at its new place', async () => {
      await make(thing('a', { lists: ['x'], place: '1' }));
      await make(thing('b', { lists: ['x'], place: '2' }));
      await change(await stored('a'), { place: '3' });
      expect(await namesIn('x')).toEqual(['b', 'a']);
    });

    test('gives every entity once, page by page, in both directions', async () => {
      for (const id of ['a', 'b', 'c', 'd', 'e']) await make(thing(id, { lists: ['x'] }));
      for (const newestFirst of [false, true]) {
        const seen: string[] = [];
        for (let after: string | undefined, more = true; more; ) {
          const page = await ledger.list(
            thingType,
            { kind: 'GRANTS_OF', name: 'x' },
            { limit: 2, newestFirst, ...(after === undefined ? {} : { after }) },
          );
          seen.push(...page.items.map(({ id }) => id));
          after = page.next;
          more = after !== undefined;
        }
        const all = ['a', 'b', 'c', 'd', 'e'];
        expect(seen).toEqual(newestFirst ? all.toReversed() : all);
      }
    });
  });

  describe('reading several at once', () => {
    test('gives each in its place, what does not exist as nothing, what is asked for twice twice', async () => {
      await make(thing('a'));
      await make(thing('b'));
      const found = await ledger.readAll(['b', 'none', 'a', 'b'].map((id) => [thingType, id] as const));
      expect(found.map((one) => one?.entity.id)).toEqual(['b', undefined, 'a', 'b']);
    });

    test('of none gives none', async () => {
      expect(await ledger.readAll([])).toEqual([]);
    });

    test('goes beyond the hundred that one call takes', async () => {
      const ids = Array.from({ length: 130 }, (_, index) => `t${index}`);
      await make(thing('case'));
      for (let from = 0; from < ids.length; from += 65) {
        const changes = ids.slice(from, from + 65).map((id) => creation(thingType, thing(id)));
        await ledger.commit({ chain: 'case', event: told('many'), changes });
      }
      const found = await ledger.readAll(ids.map((id) => [thingType, id] as const));
      expect(found.map((one) => one?.entity.id)).toEqual(ids);
    });
  });
});

describe('DynamoDB', () => {
  beforeEach(makeTable);

  const key = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } });
  const entity = {
    version: { N: '1' },
    entity: { S: '{"id":"a"}' },
    toldBy: { S: '{"sequence":1,"hash":""}' },
  };

  test.for<[string, JsonObject, (ledger: Ledger) => Promise<unknown>]>([
    ['an entity', { ...key('GRANT#a', 'GRANT'), ...entity }, (it) => it.read(thingType, 'a')],
    [
      'an entity among others',
      { ...key('GRANT#a', 'GRANT'), ...entity, entity: { S: 'not JSON' } },
      (it) => it.readAll([[thingType, 'a']]),
    ],
    [
      'an event',
      { ...key('CHAIN#a', '0000000001'), event: { S: '{"type":"t"}' } },
      (it) => it.events('a', { limit: 1 }),
    ],
    ['nothing but a key', key('GRANT#a', 'GRANT'), (it) => it.read(thingType, 'a')],
  ])('%s that does not have its shape is a broken invariant', async ([, Item, read]) => {
    await callDynamoDb(dynamoDb.endpoint, 'PutItem', { TableName: TABLE, Item });
    await expect(read(dynamoDbLedger(client, TABLE))).rejects.toThrow(BrokenInvariant);
  });

  test('only what says when may be collected', async () => {
    const ledger = dynamoDbLedger(client, TABLE);
    const made = [thing('a', { note: 'collect', lists: ['x'] }), thing('b')];
    const changes = made.map((one) => creation(thingType, one));
    await ledger.commit({ chain: 'case', opens: true, event: told('made'), changes });
    const { Items } = await callDynamoDb(dynamoDb.endpoint, 'Scan', { TableName: TABLE });
    expect((Items as Record<string, unknown>[]).filter((item) => 'ttl' in item)).toEqual([
      expect.objectContaining({ pk: { S: 'GRANT#a' }, ttl: { N: '1767603600' } }),
    ]);
  });

  test('that does not answer is unavailable, whatever was asked', async () => {
    const deaf = dynamoDbLedger(client, 'no-such-table');
    const calls = [
      deaf.read(thingType, 'a'),
      deaf.readAll([[thingType, 'a']]),
      deaf.list(thingType, { kind: 'INBOX', name: 'x' }, { limit: 1 }),
      deaf.events('a', { limit: 1 }),
      deaf.chainsOf('txn-1'),
      deaf.commit({ chain: 'a', opens: true, event: told('made'), changes: [] }),
      deaf.commit({ chain: 'a', event: told('changed'), changes: [] }),
    ];
    const failures = (await Promise.allSettled(calls)).map((one) => one.status === 'rejected' && one.reason);
    expect(failures.every((failure) => failure instanceof DependencyUnavailable)).toBe(true);
  });
});
