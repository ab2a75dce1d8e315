import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { creation } from '../lambdas/platform/entity.ts';
import { randomIds } from '../lambdas/platform/ids.random.ts';
import { dynamoDbLedger } from '../lambdas/platform/ledger.dynamodb.ts';
import { loadPrincipals } from '../lambdas/verification/directory.ts';
import { Principal, principalType } from '../lambdas/verification/principal.ts';
import type { Runtime } from './runtime.ts';

/** Puts the principals that the table does not hold yet into it, each with the event that opens its chain. */
export async function seedDirectory(
  { resources, client, dynamoDbUrl, clock }: Runtime,
  directory: { readonly principals: readonly { readonly id: string }[] },
): Promise<void> {
  const table = resources.find(({ type }) => type === 'AWS::DynamoDB::Table');
  if (table === undefined) throw new Error('The template has no table for the directory');
  const database = new DynamoDBClient({ ...client, endpoint: dynamoDbUrl });
  const ledger = dynamoDbLedger(database, table.ref);
  const principals = directory.principals.map((principal) => Principal.parse(principal));
  const known = await loadPrincipals(
    ledger,
    principals.map(({ id }) => id),
  );
  const txn = randomIds.next();
  for (const principal of principals) {
    if (known.has(principal.id)) continue;
    await ledger.commit({
      chain: `principal-${principal.id}`,
      opens: true,
      event: {
        type: 'principal.imported',
        at: new Date(clock.now()).toISOString(),
        txn,
        who: { service: 'directory-import' },
        details: { kind: principal.kind, groups: principal.groups },
      },
      changes: [creation(principalType, principal)],
    });
  }
  database.destroy();
}
