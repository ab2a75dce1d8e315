import {
  type AttributeValue,
  BatchGetItemCommand,
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type * as z from 'zod';
import {
  appendEvent,
  type ChainHead,
  type EventReference,
  emptyChain,
  referenceToEvent,
} from '../audit/chain.ts';
import { AuditEvent } from '../audit/event.ts';
import type { Change, EntityKind, EntityType, ListEntry, Stored } from './entity.ts';
import { BrokenInvariant, DependencyUnavailable, StateConflict } from './failures.ts';
import type { Found, Ledger, Transition } from './ledger.port.ts';

type Item = Record<string, AttributeValue>;
type Key = { readonly pk: string; readonly sk: string };

/** Another transition of the same case may append first; more than this many in a row means something else. */
const MOST_APPEND_ATTEMPTS = 6;
/** BatchGetItem takes at most 100 keys (DynamoDB API reference). */
const MOST_KEYS_A_BATCH = 100;
const MOST_ROUNDS_MORE = 5;
const MOST_CHAINS_OF_A_TXN = 100;

/**
 * The ledger on one DynamoDB table. Each entity is an item of its own (`pk` = `<KIND>#<id>`, `sk` = kind) that
 * holds it as one JSON document: nothing queries inside it, and a document costs a fraction of nested attributes
 * to write and read. A list is a partition (`pk` = `<KIND>#<list>`, `sk` = place) of entries that name entities,
 * written in the entity's own transaction, so that lists are as consistent as entities and need no index; a
 * chain is a partition of events.
 */
export function dynamoDbLedger(client: DynamoDBClient, tableName: string): Ledger {
  const ledger: Ledger = {
    async read(type, id) {
      const [found] = await ledger.readAll([[type, id]] as const);
      return found;
    },

    async readAll(wanted) {
      const items = new Map<string, Item>();
      const keys = wanted.map(([type, id]) => entityKey(type.kind, id));
      let pending: Item[] = [...new Map(keys.map((key) => [key.pk, keyItem(key)])).values()];
      // A throttled read leaves keys unread; who is throttled again and again must be told so.
      let rounds = Math.ceil(pending.length / MOST_KEYS_A_BATCH) + MOST_ROUNDS_MORE;
      while (pending.length > 0) {
        if (rounds === 0) throw new DependencyUnavailable('DynamoDB leaves keys unread');
        rounds -= 1;
        const batch = pending.slice(0, MOST_KEYS_A_BATCH);
        const answer = await available(() =>
          client.send(
            new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: batch, ConsistentRead: true } } }),
          ),
        );
        for (const item of answer.Responses?.[tableName] ?? []) items.set(text(item, 'pk'), item);
        const unprocessed = answer.UnprocessedKeys?.[tableName]?.Keys ?? [];
        pending = [...unprocessed, ...pending.slice(MOST_KEYS_A_BATCH)];
      }
      return wanted.map(([type], index) => {
        const item = items.get(keys[index]?.pk ?? '');
        return item === undefined ? undefined : stored(type, item);
      }) as Found<typeof wanted>;
    },

    async list(type, { kind, name }, { limit, after, newestFirst = false }) {
      const partition = `${kind}#${name}`;
      const { items, last } = await query({
        KeyConditionExpression: 'pk = :list',
        ExpressionAttributeValues: { ':list': { S: partition } },
        Limit: limit,
        ScanIndexForward: !newestFirst,
        ...(after === undefined ? {} : { ExclusiveStartKey: keyItem({ pk: partition, sk: after }) }),
      });
      const found = await ledger.readAll(items.map((item) => [type, text(item, 'entityId')] as const));
      const entities = found.flatMap((one) => one?.entity ?? []);
      return last === undefined ? { items: entities } : { items: entities, next: text(last, 'sk') };
    },

    async commit(transition) {
      let head = transition.opens ? emptyChain : lastTold(transition);
      for (let attempt = 1; ; attempt += 1) {
        head ??= await chainHead(transition.chain);
        const event = appendEvent(transition.chain, head, transition.event);
        const outcome = await transact(transactionOf(transition, event));
        if (outcome === 'committed') return referenceToEvent(event);
        const lostTheAppend = outcome === 'event-refused' && !transition.opens;
        if (!lostTheAppend || attempt === MOST_APPEND_ATTEMPTS) {
          throw new StateConflict(`Case ${transition.chain} has changed since it was read`);
        }
        head = undefined;
      }
    },

    async events(chain, { limit, after = 0 }) {
      const { items } = await query({
        KeyConditionExpression: 'pk = :chain AND sk > :after',
        ExpressionAttributeValues: { ':chain': { S: `CHAIN#${chain}` }, ':after': { S: eventPlace(after) } },
        Limit: limit,
      });
      return items.map(auditEvent);
    },

    async chainsOf(txn) {
      const { items } = await query({
        KeyConditionExpression: 'pk = :txn',
        ExpressionAttributeValues: { ':txn': { S: `CHAINS_OF#${txn}` } },
        Limit: MOST_CHAINS_OF_A_TXN,
      });
      return items.map((item) => text(item, 'entityId'));
    },
  };

  async function query(
    input: Omit<QueryCommandInput, 'TableName' | 'ConsistentRead'>,
  ): Promise<{ items: Item[]; last: Item | undefined }> {
    const answer = await available(() =>
      client.send(new QueryCommand({ TableName: tableName, ConsistentRead: true, ...input })),
    );
    return { items: answer.Items ?? [], last: answer.LastEvaluatedKey };
  }

  async function chainHead(chain: string): Promise<ChainHead> {
    const { items } = await query({
      KeyConditionExpression: 'pk = :chain',
      ExpressionAttributeValues: { ':chain': { S: `CHAIN#${chain}` } },
      ScanIndexForward: false,
      Limit: 1,
    });
    return items[0] === undefined ? emptyChain : auditEvent(items[0]);
  }

  function transactionOf(
    { chain, opens, event, changes }: Transition,
    appended: AuditEvent,
  ): TransactWriteItem[] {
    const openings: ListEntry[] = opens
      ? [{ kind: 'CHAINS_OF', list: event.txn, place: `${event.at}#${chain}`, entityId: chain }]
      : [];
    return [
      ...changes.flatMap((change) => [entityPut(change, appended), ...listWrites(change)]),
      ...openings.map(listEntryPut),
      {
        Put: {
          TableName: tableName,
          Item: {
            ...keyItem({ pk: `CHAIN#${chain}`, sk: eventPlace(appended.sequence) }),
            event: { S: JSON.stringify(appended) },
          },
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      },
    ];
  }

  function entityPut({ type, entity, replaces }: Change, toldBy: AuditEvent): TransactWriteItem {
    return {
      Put: {
        TableName: tableName,
        Item: {
          ...keyItem(entityKey(type.kind, entity.id)),
          version: { N: String((replaces?.version ?? 0) + 1) },
          entity: { S: JSON.stringify(type.schema.parse(entity)) },
          toldBy: { S: JSON.stringify(referenceToEvent(toldBy)) },
          ...ttlOf(type.collectAtEpochSeconds?.(entity)),
        },
        ...(replaces === undefined
          ? { ConditionExpression: 'attribute_not_exists(pk)' }
          : {
              ConditionExpression: '#version = :version',
              ExpressionAttributeNames: { '#version': 'version' },
              ExpressionAttributeValues: { ':version': { N: String(replaces.version) } },
            }),
      },
    };
  }

  function listWrites({ type, entity, replaces }: Change): TransactWriteItem[] {
    const before = replaces === undefined ? [] : (type.listEntries?.(replaces.entity) ?? []);
    const after = type.listEntries?.(entity) ?? [];
    const address = (entry: ListEntry) => `${entry.kind}#${entry.list}#${entry.place}`;
    const kept = new Set(after.map(address));
    const had = new Set(before.map(address));
    return [
      ...after.filter((entry) => !had.has(address(entry))).map(listEntryPut),
      ...before
        .filter((entry) => !kept.has(address(entry)))
        .map((entry) => ({ Delete: { TableName: tableName, Key: keyItem(listEntryKey(entry)) } })),
    ];
  }

  function listEntryPut(entry: ListEntry): TransactWriteItem {
    return {
      Put: {
        TableName: tableName,
        Item: {
          ...keyItem(listEntryKey(entry)),
          entityId: { S: entry.entityId },
          ...ttlOf(entry.collectAtEpochSeconds),
        },
      },
    };
  }

  async function transact(
    items: TransactWriteItem[],
  ): Promise<'committed' | 'entity-refused' | 'event-refused'> {
    try {
      await client.send(new TransactWriteItemsCommand({ TransactItems: items }));
      return 'committed';
    } catch (error) {
      if (error instanceof TransactionCanceledException) {
        const refused = (error.CancellationReasons ?? []).map(
          (reason) => reason.Code === 'ConditionalCheckFailed' || reason.Code === 'TransactionConflict',
        );
        if (refused.slice(0, -1).some(Boolean)) return 'entity-refused';
        if (refused.at(-1)) return 'event-refused';
      }
      throw unavailable(error);
    }
  }

  return ledger;
}

/**
 * Where the chain most likely ends: at the newest event that told of an entity that was read. If something else
 * of the case has changed since, the append is refused, and the chain's end is looked up.
 */
function lastTold({ chain, changes }: Transition): ChainHead | undefined {
  return changes
    .flatMap(({ replaces }) => replaces?.toldBy ?? [])
    .filter((event) => event.chain === chain)
    .reduce<ChainHead | undefined>(
      (newest, head) => (newest === undefined || head.sequence > newest.sequence ? head : newest),
      undefined,
    );
}

function entityKey(kind: EntityKind, id: string): Key {
  return { pk: `${kind}#${id}`, sk: kind };
}

function listEntryKey({ kind, list, place }: ListEntry): Key {
  return { pk: `${kind}#${list}`, sk: place };
}

function keyItem({ pk, sk }: Key): Item {
  return { pk: { S: pk }, sk: { S: sk } };
}

function ttlOf(collectAtEpochSeconds: number | undefined): Item {
  return collectAtEpochSeconds === undefined ? {} : { ttl: { N: String(collectAtEpochSeconds) } };
}

/** Ten digits, so that the order of the keys is the order of the events. */
function eventPlace(sequence: number): string {
  return String(sequence).padStart(10, '0');
}

function text(item: Item, attribute: string): string {
  return item[attribute]?.S ?? '';
}

function stored<Schema extends z.ZodType<{ id: string }>>(
  type: EntityType<Schema>,
  item: Item,
): Stored<z.infer<Schema>> {
  return {
    entity: parsed(type.schema, text(item, 'entity'), type.kind),
    version: Number(item['version']?.N),
    toldBy: JSON.parse(text(item, 'toldBy')) as EventReference,
  };
}

function auditEvent(item: Item): AuditEvent {
  return parsed(AuditEvent, text(item, 'event'), 'event');
}

function parsed<Schema extends z.ZodType>(schema: Schema, json: string, what: string): z.infer<Schema> {
  try {
    return schema.parse(JSON.parse(json));
  } catch (cause) {
    throw new BrokenInvariant(`A stored ${what} does not have its shape`, { cause });
  }
}

async function available<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    throw unavailable(error);
  }
}

function unavailable(cause: unknown): DependencyUnavailable {
  return new DependencyUnavailable('DynamoDB did not confirm the call', { cause });
}
