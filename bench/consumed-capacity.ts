import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { grantType } from '../lambdas/minting/grant.ts';
import { caseEvent } from '../lambdas/platform/case-event.ts';
import { creation } from '../lambdas/platform/entity.ts';
import { dynamoDbLedger } from '../lambdas/platform/ledger.dynamodb.ts';
import type { Ledger } from '../lambdas/platform/ledger.port.ts';
import { revocationType } from '../lambdas/revocation/revocation.ts';
import { freezeType } from '../lambdas/verification/freeze.ts';
import { startDynamoDb } from '../local/aws/dynoxide.ts';
import { clockAt } from '../test/support/access-case.ts';
import { contain, liveGrant, revocationOf } from '../test/support/containment-case.ts';

const TABLE = 'sallyport';
const CONCERNED = 'concerned';
const WRITES_AT_ONCE = 16;

export interface CapacityFigures {
  readonly grants: number;
  /** Grants of others in the same table. */
  readonly others: number;
  /** DynamoDB's read and write units together, for the whole containment. */
  readonly units: number;
}

/** What the steps of a containment of one principal consume of DynamoDB, by its own account of it. */
export async function measureCapacity(grants: number, others: number): Promise<CapacityFigures> {
  const database = await startDynamoDb(undefined);
  const client = new DynamoDBClient({
    endpoint: database.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  try {
    await client.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
      }),
    );
    const ledger = dynamoDbLedger(client, TABLE);
    await fill(ledger, grants, others);
    const consumed = countUnits(client);
    await contain(ledger);
    return { grants, others, units: Math.round(consumed()) };
  } finally {
    client.destroy();
    await database.stop();
  }
}

async function fill(ledger: Ledger, grants: number, others: number): Promise<void> {
  const clock = clockAt();
  const event = caseEvent(clock, 'txn', 'bench.filled', { service: 'bench' }, {});
  const revocation = revocationOf({ kind: 'principal', id: CONCERNED });
  await ledger.commit({
    chain: revocation.id,
    opens: true,
    event,
    changes: [
      creation(revocationType, revocation),
      creation(freezeType, { id: `principal:${CONCERNED}`, heldBy: { principal: revocation.id } }),
    ],
  });
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < grants + others) {
      const number = next;
      next += 1;
      const grant = liveGrant(number, number < grants ? CONCERNED : `other-${number % 100}`);
      await ledger.commit({
        chain: grant.requestId,
        opens: true,
        event,
        changes: [creation(grantType, grant)],
      });
    }
  };
  await Promise.all(Array.from({ length: WRITES_AT_ONCE }, worker));
}

/** Asks of each call what it consumed, and adds it up. */
function countUnits(client: DynamoDBClient): () => number {
  let units = 0;
  client.middlewareStack.add(
    (next) => async (call) => {
      Object.assign(call.input, { ReturnConsumedCapacity: 'TOTAL' });
      const answer = await next(call);
      const { ConsumedCapacity } = answer.output as { ConsumedCapacity?: unknown };
      for (const { CapacityUnits = 0 } of [ConsumedCapacity ?? []].flat() as { CapacityUnits?: number }[])
        units += CapacityUnits;
      return answer;
    },
    { step: 'initialize' },
  );
  return () => units;
}
