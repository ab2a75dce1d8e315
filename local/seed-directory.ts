import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { importPrincipals } from '../lambdas/directory/import-principals.step.ts';
import { randomIds } from '../lambdas/platform/ids.random.ts';
import { dynamoDbLedger } from '../lambdas/platform/ledger.dynamodb.ts';
import { Principal } from '../lambdas/verification/principal.ts';
import type { Runtime } from './runtime.ts';

/** Puts the principals that the runtime's table does not hold yet into it. */
export async function seedDirectory(
  { resources, client, dynamoDbUrl, clock }: Runtime,
  directory: { readonly principals: readonly { readonly id: string }[] },
): Promise<void> {
  const table = resources.find(({ type }) => type === 'AWS::DynamoDB::Table');
  if (table === undefined) throw new Error('The template has no table for the directory');
  const database = new DynamoDBClient({ ...client, endpoint: dynamoDbUrl });
  await importPrincipals({
    ledger: dynamoDbLedger(database, table.ref),
    clock: { nowEpochMilliseconds: () => clock.now() },
    ids: randomIds,
  })(directory.principals.map((principal) => Principal.parse(principal)));
  database.destroy();
}
