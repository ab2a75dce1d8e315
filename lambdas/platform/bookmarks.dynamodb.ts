import { BatchGetItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Bookmarks } from './bookmarks.port.ts';
import { DependencyUnavailable } from './failures.ts';

/** One item for each bookmark. It is written without an event, for it tells nothing of any case. */
export function dynamoDbBookmarks(client: DynamoDBClient, tableName: string): Bookmarks {
  const keyOf = (name: string) => ({ pk: { S: `BOOKMARK#${name}` }, sk: { S: 'BOOKMARK' } });

  return {
    async read(name) {
      const answer = await confirmed(
        client.send(new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: [keyOf(name)] } } })),
      );
      return answer.Responses?.[tableName]?.[0]?.['place']?.S;
    },
    async move(name, place) {
      await confirmed(
        client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: { ...keyOf(name), ...(place === undefined ? {} : { place: { S: place } }) },
          }),
        ),
      );
    },
  };
}

async function confirmed<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (cause) {
    throw new DependencyUnavailable('DynamoDB did not confirm the call', { cause });
  }
}
