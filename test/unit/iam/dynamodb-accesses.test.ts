import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../local/aws/service.ts';
import { dynamoDbAccesses } from '../../../local/iam/dynamodb-accesses.ts';

const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/T';
const TableName = 'T';
const tables = new Map([[TableName, { arn: ARN, partitionKey: 'pk', keyArn: undefined }]]);
const key = (pk: string): JsonObject => ({ pk: { S: pk }, sk: { S: 'x' } });

/** `action key key`, for each access to the table. */
const wants = (operation: string, input: JsonObject): string[] =>
  dynamoDbAccesses(operation, input, tables).map(({ action, context }) =>
    [action.replace('dynamodb:', ''), ...(context['dynamodb:LeadingKeys'] ?? [])].join(' '),
  );

describe('a call of DynamoDB', () => {
  it.each<[string, JsonObject, string[]]>([
    ['GetItem', { TableName, Key: key('A#1') }, ['GetItem A#1']],
    ['PutItem', { TableName, Item: { ...key('A#1'), more: { N: '1' } } }, ['PutItem A#1']],
    ['PutItem', { TableName: ARN, Item: key('A#1') }, ['PutItem A#1']],
    ['DeleteItem', { TableName, Key: key('A#1') }, ['DeleteItem A#1']],
    ['Scan', { TableName }, ['Scan']],
    ['DescribeTable', { TableName }, ['DescribeTable']],
    ['BatchGetItem', { RequestItems: { T: { Keys: [key('A#1'), key('B#2')] } } }, ['BatchGetItem A#1 B#2']],
    [
      'BatchWriteItem',
      {
        RequestItems: { T: [{ PutRequest: { Item: key('A#1') } }, { DeleteRequest: { Key: key('B#2') } }] },
      },
      ['BatchWriteItem A#1 B#2'],
    ],
    [
      'TransactWriteItems',
      {
        TransactItems: [
          { Put: { TableName, Item: key('A#1') } },
          { Delete: { TableName, Key: key('B#2') } },
          { Update: { TableName, Key: key('C#3') } },
          { ConditionCheck: { TableName, Key: key('D#4') } },
        ],
      },
      ['PutItem A#1', 'DeleteItem B#2', 'UpdateItem C#3', 'ConditionCheckItem D#4'],
    ],
    ['TransactGetItems', { TransactItems: [{ Get: { TableName, Key: key('A#1') } }] }, ['GetItem A#1']],
    [
      'Query',
      {
        TableName,
        KeyConditionExpression: 'sk > :after AND #p = :pk',
        ExpressionAttributeNames: { '#p': 'pk' },
        ExpressionAttributeValues: { ':pk': { S: 'A#1' }, ':after': { S: 'A' } },
      },
      ['Query A#1'],
    ],
    [
      'Query',
      {
        TableName,
        KeyConditionExpression: 'sk = :pk',
        ExpressionAttributeValues: { ':pk': { S: 'A#1' } },
      },
      ['Query'],
    ],
  ])('%s %j wants %j', (operation, input, expected) => {
    expect(wants(operation, input)).toEqual(expected);
    expect(dynamoDbAccesses(operation, input, tables).map(({ resource }) => resource)).toEqual(
      expected.map(() => ARN),
    );
  });

  it('on an index wants the index', () => {
    const [access] = dynamoDbAccesses('Query', { TableName, IndexName: 'I' }, tables);
    expect(access?.resource).toBe(`${ARN}/index/I`);
  });

  it('wants the use of the key that encrypts the table, once, through DynamoDB', () => {
    const keyArn = 'arn:aws:kms:us-east-1:000000000000:key/k';
    const encrypted = new Map([[TableName, { arn: ARN, partitionKey: 'pk', keyArn }]]);
    const put = { Put: { TableName, Item: key('A#1') } };
    const accesses = dynamoDbAccesses('TransactWriteItems', { TransactItems: [put, put] }, encrypted);
    expect(accesses.slice(2)).toEqual([
      {
        action: 'kms:Decrypt',
        resource: keyArn,
        context: { 'kms:ViaService': ['dynamodb.us-east-1.amazonaws.com'] },
      },
    ]);
  });

  it('that has no legal form is refused', () => {
    expect(() => wants('TransactWriteItems', { TransactItems: 'all' })).toThrow('no legal form');
  });
});
