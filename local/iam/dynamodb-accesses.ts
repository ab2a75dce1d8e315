import { z } from 'zod';
import { AwsError, type JsonObject } from '../aws/service.ts';
import { keyUseThrough } from './encryption.ts';
import type { Access } from './policy.ts';

/** What of a table its permissions depend on. */
export interface GuardedTable {
  readonly arn: string;
  readonly partitionKey: string;
  /** ARN of the key that encrypts it, where it is one of the account's own. */
  readonly keyArn: string | undefined;
}

/** The tables of the template, by their names. */
export type GuardedTables = ReadonlyMap<string, GuardedTable>;

const Value = z.record(z.string(), z.unknown());
type Value = z.output<typeof Value>;
const Item = z.record(z.string(), Value);
type Item = z.output<typeof Item>;
const OfOneItem = z.looseObject({ TableName: z.string(), Item: Item.optional(), Key: Item.optional() });

const Transaction = z.looseObject({ TransactItems: z.array(z.record(z.string(), OfOneItem)) });
const BatchRead = z.looseObject({
  RequestItems: z.record(z.string(), z.looseObject({ Keys: z.array(Item) })),
});
const BatchWrite = z.looseObject({
  RequestItems: z.record(
    z.string(),
    z.array(
      z.looseObject({
        PutRequest: z.looseObject({ Item }).optional(),
        DeleteRequest: z.looseObject({ Key: Item }).optional(),
      }),
    ),
  ),
});
const Query = z.looseObject({
  TableName: z.string(),
  IndexName: z.string().optional(),
  KeyConditionExpression: z.string().default(''),
  ExpressionAttributeNames: z.record(z.string(), z.string()).default({}),
  ExpressionAttributeValues: Item.default({}),
});
const OfOneTable = z.looseObject({ TableName: z.string(), IndexName: z.string().optional() });

/** What each part of a transaction is authorised as. */
const TRANSACTION_ACTIONS: Readonly<Record<string, string>> = {
  ConditionCheck: 'ConditionCheckItem',
  Delete: 'DeleteItem',
  Get: 'GetItem',
  Put: 'PutItem',
  Update: 'UpdateItem',
};

/** What a call of DynamoDB wants access to: items, and through DynamoDB the keys that encrypt them. */
export function dynamoDbAccesses(operation: string, input: JsonObject, tables: GuardedTables): Access[] {
  const toItems = itemAccesses(operation, input, tables);
  const wanted = new Set(toItems.map(({ resource }) => resource.replace(/\/index\/.*$/, '')));
  const keyArns = [...tables.values()].flatMap(({ arn, keyArn }) =>
    keyArn !== undefined && wanted.has(arn) ? [keyArn] : [],
  );
  return [
    ...toItems,
    ...[...new Set(keyArns)].map((keyArn) => keyUseThrough('dynamodb', { keyArn, action: 'kms:Decrypt' })),
  ];
}

/**
 * One action for each table, or for each part of a transaction
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html), with the
 * partition keys that it speaks of (`dynamodb:LeadingKeys`).
 */
function itemAccesses(operation: string, input: JsonObject, tables: GuardedTables): Access[] {
  // An ARN may stand for the name.
  const findTable = (name: string) => tables.get(name.replace(/^arn:.*:table\//, ''));
  const access = (action: string, tableName: string, keys: readonly (Value | undefined)[]): Access => {
    const table = findTable(tableName);
    const leadingKeys = keys.flatMap((key) => Object.values(key ?? {}).map(String));
    return {
      action: `dynamodb:${action}`,
      resource: table?.arn ?? tableName,
      context: leadingKeys.length === 0 ? {} : { 'dynamodb:LeadingKeys': leadingKeys },
    };
  };
  const keyIn = (tableName: string, item: Item | undefined): Value | undefined =>
    item?.[findTable(tableName)?.partitionKey ?? ''];
  const ofOneItem = (action: string, { TableName, Item, Key }: z.output<typeof OfOneItem>): Access =>
    access(action, TableName, [keyIn(TableName, Item ?? Key)]);

  switch (operation) {
    case 'TransactGetItems':
    case 'TransactWriteItems':
      return parsed(Transaction, input).TransactItems.flatMap((part) =>
        Object.entries(part).map(([kind, request]) => ofOneItem(TRANSACTION_ACTIONS[kind] ?? kind, request)),
      );
    case 'BatchGetItem':
      return Object.entries(parsed(BatchRead, input).RequestItems).map(([tableName, { Keys }]) =>
        access(
          operation,
          tableName,
          Keys.map((key) => keyIn(tableName, key)),
        ),
      );
    case 'BatchWriteItem':
      return Object.entries(parsed(BatchWrite, input).RequestItems).map(([tableName, writes]) =>
        access(
          operation,
          tableName,
          writes.map(({ PutRequest, DeleteRequest }) =>
            keyIn(tableName, PutRequest?.Item ?? DeleteRequest?.Key),
          ),
        ),
      );
    case 'Query': {
      const query = parsed(Query, input);
      const partitionKey = findTable(query.TableName)?.partitionKey;
      return [access(operation, query.TableName, [equalTo(partitionKey, query)])].map(
        onIndex(query.IndexName),
      );
    }
    default: {
      // Of no table, such as ListTables.
      if (input['TableName'] === undefined)
        return [{ action: `dynamodb:${operation}`, resource: '*', context: {} }];
      const table = parsed(OfOneTable, input);
      const item = OfOneItem.safeParse(input);
      const wanted = item.success ? ofOneItem(operation, item.data) : access(operation, table.TableName, []);
      return [wanted].map(onIndex(table.IndexName));
    }
  }
}

/** An index is a resource of its own. */
function onIndex(indexName: string | undefined) {
  return (access: Access): Access =>
    indexName === undefined ? access : { ...access, resource: `${access.resource}/index/${indexName}` };
}

/** The value that a key condition compares the partition key with. */
function equalTo(partitionKey: string | undefined, query: z.output<typeof Query>): Value | undefined {
  for (const [, name = '', value = ''] of query.KeyConditionExpression.matchAll(/([#\w.-]+)\s*=\s*(:\w+)/g))
    if ((query.ExpressionAttributeNames[name] ?? name) === partitionKey)
      return query.ExpressionAttributeValues[value];
  return undefined;
}

function parsed<Schema extends z.ZodType>(schema: Schema, input: JsonObject): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new AwsError(
    'ValidationException',
    `The request has no legal form: ${z.prettifyError(result.error)}`,
  );
}
