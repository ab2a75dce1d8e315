import { type DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type * as z from 'zod';
import { appendEvent, type ChainHead, emptyChain } from '../audit/chain.ts';
import { AuditEvent } from '../audit/event.ts';
import type { Change, EntityType, ItemKind, ListEntry, Stored } from './entity.ts';
import { BrokenInvariant, DependencyUnavailable, StateConflict } from './failures.ts';
import type { Found, Ledger, Transition } from './ledger.port.ts';

type WriteItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Another transition of the same case may append first; more than this many in a row means something else. */
const MOST_APPEND_ATTEMPTS = 6;
/** BatchGetItem takes at most 100 keys (DynamoDB API reference). */
const MOST_KEYS_A_BATCH = 100;
const MOST_CHAINS_OF_A_TXN = 100;

/**
 * The ledger on one DynamoDB table. Each entity is an item of its own (`pk` = `<KIND>#<id>`, `sk` = kind);
 * a list is a partition (`pk` = `<KIND>#<list>`, `sk` = place) of entries that name entities, written in the
 * entity's own transaction, so that lists are as consistent as entities and need no index; a chain is a
 * partition of events.
 */
export function dynamoDbLedger(client: DynamoDBClient, tableName: string): Ledger {
  const documents = DynamoDBDocumentClient.from(client, {
    marshallOptions: { removeUndefinedValues: true },
  });

  const ledger: Ledger = {
    async read(type, id) {
      const { Item } = await available(() =>
        documents.send(
          new GetCommand({ TableName: tableName, Key: entityKey(type.kind, id), ConsistentRead: true }),
        ),
      );
      return Item === undefined ? undefined : stored(type, Item);
    },

    async readAll(wanted) {
      const items = new Map<string, Record<string, unknown>>();
      const keys = wanted.map(([type, id]) => entityKey(type.kind, id));
      let pending = [...new Map(keys.map((key) => [key.pk, key])).values()];
      while (pending.length > 0) {
        const batch = pending.slice(0, MOST_KEYS_A_BATCH);
        const answer = await available(() =>
          documents.send(
            new BatchGetCommand({ RequestItems: { [tableName]: { Keys: batch, ConsistentRead: true } } }),
          ),
        );
        for (const item of answer.Responses?.[tableName] ?? []) items.set(String(item['pk']), item);
        const unprocessed = (answer.UnprocessedKeys?.[tableName]?.Keys ?? []) as typeof batch;
        pending = [...unprocessed, ...pending.slice(MOST_KEYS_A_BATCH)];
      }
      return wanted.map(([type, id]) => {
        const item = items.get(entityKey(type.kind, id).pk);
        return item === undefined ? undefined : stored(type, item);
      }) as Found<typeof wanted>;
    },

    async list(type, { kind, name }, { limit, after, newestFirst = false }) {
      const answer = await available(() =>
        documents.send(
          new QueryCommand({
            TableName: tableName,
            ConsistentRead: true,
            KeyConditionExpression: 'pk = :list',
            ExpressionAttributeValues: { ':list': `${kind}#${name}` },
            Limit: limit,
            ScanIndexForward: !newestFirst,
            ...(after === undefined ? {} : { ExclusiveStartKey: { pk: `${kind}#${name}`, sk: after } }),
          }),
        ),
      );
      const entries = (answer.Items ?? []).map((item) => [type, String(item['entityId'])] as const);
      const found = await ledger.readAll(entries);
      const items = found.flatMap((one) => one?.entity ?? []);
      const next = answer.LastEvaluatedKey?.['sk'];
      return next === undefined ? { items } : { items, next: String(next) };
    },

    async commit(transition) {
      let head = transition.opens ? emptyChain : lastTold(transition);
      for (let attempt = 1; ; attempt += 1) {
        head ??= await chainHead(transition.chain);
        const event = appendEvent(transition.chain, head, transition.event);
        const outcome = await transact(transactionOf(transition, event));
        if (outcome === 'committed') return { sequence: event.sequence, hash: event.hash };
        const lostTheAppend = outcome === 'event-refused' && !transition.opens;
        if (!lostTheAppend || attempt === MOST_APPEND_ATTEMPTS) {
          throw new StateConflict(`Case ${transition.chain} has changed since it was read`);
        }
        head = undefined;
      }
    },

    async events(chain, { limit, after = 0 }) {
      const answer = await available(() =>
        documents.send(
          new QueryCommand({
            TableName: tableName,
            ConsistentRead: true,
            KeyConditionExpression: 'pk = :chain AND sk > :after',
            ExpressionAttributeValues: { ':chain': `CHAIN#${chain}`, ':after': eventPlace(after) },
            Limit: limit,
          }),
        ),
      );
      return (answer.Items ?? []).map(auditEvent);
    },

    async chainsOf(txn) {
      const answer = await available(() =>
        documents.send(
          new QueryCommand({
            TableName: tableName,
            ConsistentRead: true,
            KeyConditionExpression: 'pk = :txn',
            ExpressionAttributeValues: { ':txn': `CHAINS_OF#${txn}` },
            Limit: MOST_CHAINS_OF_A_TXN,
          }),
        ),
      );
      return (answer.Items ?? []).map((item) => String(item['entityId']));
    },
  };

  async function chainHead(chain: string): Promise<ChainHead> {
    const answer = await available(() =>
      documents.send(
        new QueryCommand({
          TableName: tableName,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :chain',
          ExpressionAttributeValues: { ':chain': `CHAIN#${chain}` },
          ScanIndexForward: false,
          Limit: 1,
        }),
      ),
    );
    const last = answer.Items?.[0];
    return last === undefined ? emptyChain : auditEvent(last);
  }

  function transactionOf({ chain, opens, event, changes }: Transition, appended: AuditEvent): WriteItem[] {
    const openings: ListEntry[] = opens
      ? [{ kind: 'CHAINS_OF', list: event.txn, place: `${event.at}#${chain}`, entityId: chain }]
      : [];
    return [
      ...changes.flatMap((change) => [entityWrite(change, appended), ...listWrites(change)]),
      ...openings.map(listEntryPut),
      {
        Put: {
          TableName: tableName,
          Item: { pk: `CHAIN#${chain}`, sk: eventPlace(appended.sequence), event: appended },
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      },
    ];
  }

  function entityWrite({ type, entity, replaces }: Change, toldBy: ChainHead): WriteItem {
    const collectAt = type.collectAtEpochSeconds?.(entity);
    return {
      Put: {
        TableName: tableName,
        Item: {
          ...entityKey(type.kind, entity.id),
          version: (replaces?.version ?? 0) + 1,
          entity: type.schema.parse(entity),
          toldBy: { sequence: toldBy.sequence, hash: toldBy.hash },
          ...(collectAt === undefined ? {} : { ttl: collectAt }),
        },
        ...(replaces === undefined
          ? { ConditionExpression: 'attribute_not_exists(pk)' }
          : {
              ConditionExpression: '#version = :version',
              ExpressionAttributeNames: { '#version': 'version' },
              ExpressionAttributeValues: { ':version': replaces.version },
            }),
      },
    };
  }

  function listWrites({ type, entity, replaces }: Change): WriteItem[] {
    const before = replaces === undefined ? [] : (type.listEntries?.(replaces.entity) ?? []);
    const after = type.listEntries?.(entity) ?? [];
    const key = (entry: ListEntry) => `${entry.kind}#${entry.list}#${entry.place}`;
    const kept = new Set(after.map(key));
    const had = new Set(before.map(key));
    return [
      ...after.filter((entry) => !had.has(key(entry))).map(listEntryPut),
      ...before
        .filter((entry) => !kept.has(key(entry)))
        .map((entry) => ({ Delete: { TableName: tableName, Key: listEntryKey(entry) } })),
    ];
  }

  function listEntryPut(entry: ListEntry): WriteItem {
    return { Put: { TableName: tableName, Item: { ...listEntryKey(entry), entityId: entry.entityId } } };
  }

  async function transact(items: WriteItem[]): Promise<'committed' | 'entity-refused' | 'event-refused'> {
    try {
      await documents.send(new TransactWriteCommand({ TransactItems: items }));
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
function lastTold({ changes }: Transition): ChainHead | undefined {
  return changes
    .flatMap(({ replaces }) => replaces?.toldBy ?? [])
    .reduce<ChainHead | undefined>(
      (newest, head) => (newest === undefined || head.sequence > newest.sequence ? head : newest),
      undefined,
    );
}

function entityKey(kind: ItemKind, id: string): { pk: string; sk: string } {
  return { pk: `${kind}#${id}`, sk: kind };
}

function listEntryKey({ kind, list, place }: ListEntry): { pk: string; sk: string } {
  return { pk: `${kind}#${list}`, sk: place };
}

/** Ten digits, so that the order of the keys is the order of the events. */
function eventPlace(sequence: number): string {
  return String(sequence).padStart(10, '0');
}

function stored<Schema extends z.ZodType<{ id: string }>>(
  type: EntityType<Schema>,
  item: Record<string, unknown>,
): Stored<z.infer<Schema>> {
  const parsed = type.schema.safeParse(item['entity']);
  if (!parsed.success) {
    throw new BrokenInvariant(`A stored ${type.kind} does not have its shape`, { cause: parsed.error });
  }
  return {
    entity: parsed.data,
    version: Number(item['version']),
    toldBy: item['toldBy'] as ChainHead,
  };
}

function auditEvent(item: Record<string, unknown>): AuditEvent {
  const parsed = AuditEvent.safeParse(item['event']);
  if (!parsed.success) {
    throw new BrokenInvariant('A stored event does not have its shape', { cause: parsed.error });
  }
  return parsed.data;
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
