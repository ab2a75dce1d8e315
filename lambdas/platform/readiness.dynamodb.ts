import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Readiness } from './readiness.port.ts';

/** Ready when the table answers; the item that is asked for need not exist. */
export function tableReadiness(client: DynamoDBClient, tableName: string): Readiness {
  return {
    async isReady() {
      try {
        await client.send(
          new BatchGetItemCommand({
            RequestItems: { [tableName]: { Keys: [{ pk: { S: 'HEALTH#probe' }, sk: { S: 'HEALTH' } }] } },
          }),
        );
        return true;
      } catch {
        return false;
      }
    },
  };
}
