import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { callDynamoDb } from '../aws/dynoxide.ts';
import { AwsError, type JsonObject } from '../aws/service.ts';
import { arn, type DeclaredResource, ignored, physicalName, resourceType } from './resource-type.ts';

const KeySchema = z.array(z.strictObject({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));

const Properties = z.strictObject({
  TableName: z.string().optional(),
  KeySchema,
  AttributeDefinitions: z.array(
    z.strictObject({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
  GlobalSecondaryIndexes: z
    .array(
      z.strictObject({
        IndexName: z.string(),
        KeySchema,
        Projection: z.strictObject({
          ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
          NonKeyAttributes: z.array(z.string()).optional(),
        }),
      }),
    )
    .optional(),
  BillingMode: z.literal('PAY_PER_REQUEST'),
  // Expired items are not swept: AWS takes up to days over it, so no reader may rely on it.
  TimeToLiveSpecification: ignored,
  // Nothing to protect or back up on one machine.
  DeletionProtectionEnabled: ignored,
  PointInTimeRecoverySpecification: ignored,
  SSESpecification: z.looseObject({ KMSMasterKeyId: z.string().startsWith('arn:').optional() }).default({}),
  Tags: ignored,
});
type Table = DeclaredResource<z.output<typeof Properties>>;

const nameOf = (table: Table): string => table.properties.TableName ?? physicalName(table);
const arnOf = (table: Table): string => arn('dynamodb', table, `table/${nameOf(table)}`);

export const table = resourceType({
  properties: Properties,
  identify: (declared: Table) => ({
    ref: nameOf(declared),
    attributes: { Arn: arnOf(declared) },
  }),
  deploy: async (declared: Table, { dynamoDbEndpoint, tables }) => {
    const { KeySchema, AttributeDefinitions, GlobalSecondaryIndexes, BillingMode, SSESpecification } =
      declared.properties;
    tables.set(nameOf(declared), {
      arn: arnOf(declared),
      partitionKey: KeySchema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '',
      keyArn: SSESpecification.KMSMasterKeyId,
    });
    const wanted: JsonObject = {
      TableName: nameOf(declared),
      KeySchema,
      AttributeDefinitions,
      BillingMode,
      ...(GlobalSecondaryIndexes === undefined
        ? {}
        : {
            GlobalSecondaryIndexes: GlobalSecondaryIndexes.map(({ Projection, ...index }) => ({
              ...index,
              Projection: { ...Projection } as JsonObject,
            })),
          }),
    };
    const existing = await describeTable(dynamoDbEndpoint, nameOf(declared));
    if (existing === undefined) await callDynamoDb(dynamoDbEndpoint, 'CreateTable', wanted);
    else if (!isDeepStrictEqual(shapeOf(existing), shapeOf(wanted)))
      throw new Error(
        `The table ${nameOf(declared)} in the data directory has other keys or indexes than the template: ` +
          'start with another data directory, or delete this one',
      );
  },
});

async function describeTable(endpoint: string, tableName: string): Promise<JsonObject | undefined> {
  try {
    return (await callDynamoDb(endpoint, 'DescribeTable', { TableName: tableName }))['Table'] as JsonObject;
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** What of a table cannot be changed by starting again. */
function shapeOf(table: JsonObject): object {
  const indexes = (table['GlobalSecondaryIndexes'] ?? []) as JsonObject[];
  return {
    keys: table['KeySchema'],
    indexes: new Map(indexes.map(({ IndexName, KeySchema }) => [IndexName, KeySchema])),
  };
}
