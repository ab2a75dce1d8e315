import { createHash } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { DependencyUnavailable } from './failures.ts';
import type { SingleUse } from './single-use.port.ts';

/** One item for each thing that was used, which must not be there yet; the table collects it after its time. */
export function dynamoDbSingleUse(client: DynamoDBClient, tableName: string): SingleUse {
  return {
    async spend(kind, value, untilEpochSeconds) {
      const hash = createHash('sha256').update(`${kind}\0${value}`).digest('base64url');
      try {
        await client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: { pk: { S: `SPENT#${hash}` }, sk: { S: 'SPENT' }, ttl: { N: String(untilEpochSeconds) } },
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw new DependencyUnavailable('DynamoDB did not confirm the call', { cause: error });
      }
    },
  };
}
