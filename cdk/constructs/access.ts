import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type CfnResource, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

/** Which kinds of items a function may touch. A kind is the part of the partition key before the `#`. */
export interface TableAccess {
  readonly read: readonly string[];
  readonly list: readonly string[];
  readonly write: readonly string[];
  readonly remove: readonly string[];
}

/** The kind of the audit events: they are put and never changed. */
const CHAIN = 'CHAIN';

/** The kind of the lists that a chain is entered in when it is opened. */
const CHAINS_OF = 'CHAINS_OF';

/** What a role needs for this access to the table, and nothing more. */
export function tableAccess(
  tableArn: string,
  key: IKey,
  { read, list, write, remove }: TableAccess,
): PolicyStatement[] {
  // Who appends to a chain looks up where it ends; who opens one knows.
  const appends = write.includes(CHAIN) && !write.includes(CHAINS_OF);
  const lists = new Set([...list, ...(appends ? [CHAIN] : [])]);
  const statements = [
    ofKinds('ReadItems', ['dynamodb:BatchGetItem'], tableArn, read),
    ofKinds('ReadLists', ['dynamodb:Query'], tableArn, [...lists]),
    ofKinds('WriteItems', ['dynamodb:PutItem'], tableArn, write),
    ofKinds('RemoveItems', ['dynamodb:DeleteItem'], tableArn, remove),
  ].flat();
  return statements.length === 0 ? [] : [...statements, decryptThrough('UseTableKey', key, 'dynamodb')];
}

/**
 * A transaction is authorised as the actions in it, so these statements hold there too
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html).
 */
function ofKinds(
  sid: string,
  actions: string[],
  tableArn: string,
  kinds: readonly string[],
): PolicyStatement[] {
  if (kinds.length === 0) return [];
  return [
    new PolicyStatement({
      sid,
      actions,
      resources: [tableArn],
      conditions: {
        // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': kinds.map((kind) => `${kind}#*`) },
        // ForAllValues also holds for a request without any leading key: this refuses that one.
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    }),
  ];
}

/**
 * DynamoDB and Secrets Manager unwrap their own data keys in the name of the caller, who needs `kms:Decrypt`
 * for it, for writing too, and nothing else
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html).
 */
export function decryptThrough(
  sid: string,
  key: IKey,
  service: 'dynamodb' | 'secretsmanager',
): PolicyStatement {
  return new PolicyStatement({
    sid,
    actions: ['kms:Decrypt'],
    resources: [key.keyArn],
    conditions: {
      // https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
      StringEquals: { 'kms:ViaService': `${service}.${Stack.of(key).region}.amazonaws.com` },
    },
  });
}

export function readSecret(secretArn: string, key: IKey): PolicyStatement[] {
  return [
    new PolicyStatement({
      sid: 'ReadSecret',
      actions: ['secretsmanager:GetSecretValue'],
      resources: [secretArn],
    }),
    decryptThrough('UseSecretKey', key, 'secretsmanager'),
  ];
}

export type KeyUse = 'sign' | 'verify' | 'encrypt' | 'decrypt' | 'authenticate';

/** What a role needs for this use of a key. `name` tells the statements of several keys apart. */
export function keyUse(name: string, key: IKey, use: KeyUse): PolicyStatement[] {
  const may = (action: string, conditions?: Record<string, Record<string, string>>) =>
    new PolicyStatement({
      sid: `${action}With${name}`,
      actions: [`kms:${action}`],
      resources: [key.keyArn],
      ...(conditions && { conditions }),
    });
  switch (use) {
    case 'sign':
      return [
        // https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-signing-algorithm
        may('Sign', { StringEquals: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256' } }),
        may('GetPublicKey'),
      ];
    case 'verify':
      return [may('GetPublicKey')];
    case 'encrypt':
      return [may('Encrypt')];
    case 'decrypt':
      return [may('Decrypt')];
    case 'authenticate':
      // https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-mac-algorithm
      return [may('GenerateMac', { StringEquals: { 'kms:MacAlgorithm': 'HMAC_SHA_256' } })];
  }
}

/** What a role needs to start the executions of workflows. */
export function startWorkflows(stateMachineArns: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    sid: 'StartWorkflows',
    actions: ['states:StartExecution'],
    resources: [...stateMachineArns],
  });
}

/** What a role needs to see how the executions of workflows stand. */
export function describeExecutions(stateMachineArns: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    sid: 'DescribeExecutions',
    actions: ['states:DescribeExecution'],
    resources: stateMachineArns.map((arn) => `${arn.replace(':stateMachine:', ':execution:')}:*`),
  });
}

/** What a role needs to answer the task tokens that a workflow's executions wait for. */
export function answerTaskTokens(stateMachineArn: string): PolicyStatement {
  return new PolicyStatement({
    sid: 'AnswerTaskTokens',
    actions: ['states:SendTaskSuccess'],
    resources: [stateMachineArn],
  });
}

/** Why actions are granted that nothing is seen to use where AWS itself is not there. */
export interface Unexercised {
  /** As policies name them, with the kind of item where it makes the difference. */
  readonly actions: readonly string[];
  readonly reason: string;
}

/** Says it of a role or a policy: `npm run iam:report` fails on what is granted, unused and not explained. */
export function explainUnexercised(grants: Construct, ...explanations: readonly Unexercised[]): void {
  const reasons = explanations.flatMap(({ actions, reason }) => actions.map((action) => [action, reason]));
  (grants.node.defaultChild as CfnResource).addMetadata('sallyport:unexercised', Object.fromEntries(reasons));
}
