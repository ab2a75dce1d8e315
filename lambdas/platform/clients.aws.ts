import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IAMClient, type IAMClientConfig } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { STSClient } from '@aws-sdk/client-sts';
import { dynamoDbLedger } from './ledger.dynamodb.ts';
import type { Ledger } from './ledger.port.ts';

/**
 * A call that got no answer is given up well before the function's own time is over, so that what happens then
 * is ours to say.
 */
const settings = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
  // No command is given middleware of its own, so each kind of command is composed once.
  cacheMiddleware: true,
} as const;

export const newDynamoDb = (): DynamoDBClient => new DynamoDBClient(settings);
/** With credentials of their own, or the function's. */
export const newIam = (credentials?: Exclude<IAMClientConfig['credentials'], undefined>): IAMClient =>
  new IAMClient({ ...settings, ...(credentials && { credentials }) });
export const newKms = (): KMSClient => new KMSClient(settings);
export const newSecretsManager = (): SecretsManagerClient => new SecretsManagerClient(settings);
export const newStepFunctions = (): SFNClient => new SFNClient(settings);
export const newSts = (): STSClient => new STSClient(settings);

export function newLedger(tableName: string): Ledger {
  return dynamoDbLedger(newDynamoDb(), tableName);
}
