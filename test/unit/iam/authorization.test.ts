import { describe, expect, it } from 'vitest';
import { Authorization } from '../../../local/iam/authorization.ts';
import { type Access, Policy } from '../../../local/iam/policy.ts';
import type { Principal } from '../../../local/iam/principal.ts';

const ACCOUNT = '111122223333';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/Reader`;
const TABLE = `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/T`;
const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/k`;
const FUNCTION = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:F`;

const reader: Principal = { kind: 'role', roleArn: ROLE, sessionName: 'ReadItems' };
const operator: Principal = { kind: 'operator' };
const gateway = (source: string): Principal => ({
  kind: 'service',
  name: 'apigateway.amazonaws.com',
  sourceArn: `arn:aws:execute-api:us-east-1:${ACCOUNT}:api/${source}`,
});
const access = (action: string, resource: string): Access => ({ action, resource, context: {} });
const policy = (...statements: object[]): Policy =>
  Policy.parse({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string, Resource: string, over: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...over,
});
const deny = (Action: string, Resource: string, over: object = {}) => ({
  ...allow(Action, Resource, over),
  Effect: 'Deny',
});

function authorizationWith(...statements: object[]): Authorization {
  const authorization = new Authorization({ accountId: ACCOUNT, region: 'us-east-1' });
  authorization.addRole({
    arn: ROLE,
    constructPath: 'Stack/Reader',
    trust: policy({
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { Service: 'lambda.amazonaws.com' },
      Condition: { StringEquals: { 'aws:SourceAccount': ACCOUNT } },
    }),
  });
  if (statements.length > 0) authorization.attachPolicy(ROLE, policy(...statements), {});
  return authorization;
}

const isAllowed = (authorization: Authorization, principal: Principal, wanted: Access): boolean => {
  try {
    authorization.demand(principal, wanted);
    return true;
  } catch {
    return false;
  }
};

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
describe('what is asked for', () => {
  const reading = access('dynamodb:GetItem', TABLE);

  it('is refused where nothing permits it, by an error that says what, where and who', () => {
    expect(() => authorizationWith().demand(reader, reading)).toThrow(
      expect.objectContaining({
        code: 'AccessDeniedException',
        message: `User: arn:aws:sts::${ACCOUNT}:assumed-role/Reader/ReadItems is not authorized to perform: dynamodb:GetItem on resource: ${TABLE} because no identity-based policy allows the dynamodb:GetItem action`,
      }),
    );
  });

  it('is permitted by a policy of the role, and only that', () => {
    const authorization = authorizationWith(allow('dynamodb:GetItem', TABLE));
    expect(isAllowed(authorization, reader, reading)).toBe(true);
    expect(isAllowed(authorization, reader, access('dynamodb:PutItem', TABLE))).toBe(false);
    expect(isAllowed(authorization, reader, access('dynamodb:GetItem', `${TABLE}2`))).toBe(false);
  });

  it('is refused by a deny whatever permits it', () => {
    const authorization = authorizationWith(deny('dynamodb:*', '*'), allow('dynamodb:GetItem', TABLE));
    expect(() => authorization.demand(reader, reading)).toThrow('with an explicit deny');
  });

  it('is refused to a role that is not in the template', () => {
    const unknown: Principal = { ...reader, roleArn: `${ROLE}2` } as Principal;
    expect(isAllowed(authorizationWith(allow('*', '*')), unknown, reading)).toBe(false);
  });

  it('is the operator’s right', () => {
    expect(isAllowed(authorizationWith(), operator, reading)).toBe(true);
  });
});

describe('a function', () => {
  const invocation = access('lambda:InvokeFunction', FUNCTION);

  it('is invoked by a service from where its own policy says, and from nowhere else', () => {
    const authorization = authorizationWith();
    authorization.addResourcePolicy(
      FUNCTION,
      policy(
        allow('lambda:InvokeFunction', FUNCTION, {
          Principal: { Service: 'apigateway.amazonaws.com' },
          Condition: {
            ArnLike: { 'aws:SourceArn': `arn:aws:execute-api:us-east-1:${ACCOUNT}:api/*/GET/v1/things/*` },
          },
        }),
      ),
    );
    expect(isAllowed(authorization, gateway('$default/GET/v1/things/{id}'), invocation)).toBe(true);
    expect(isAllowed(authorization, gateway('$default/POST/v1/things/{id}'), invocation)).toBe(false);
    expect(
      isAllowed(authorization, { ...gateway('x'), name: 'sns.amazonaws.com' } as Principal, invocation),
    ).toBe(false);
  });

  it('is invoked by a role of which either policy says so', () => {
    expect(isAllowed(authorizationWith(allow('lambda:InvokeFunction', FUNCTION)), reader, invocation)).toBe(
      true,
    );
    const authorization = authorizationWith();
    authorization.addResourcePolicy(
      FUNCTION,
      policy(allow('lambda:InvokeFunction', FUNCTION, { Principal: { AWS: ROLE } })),
    );
    expect(isAllowed(authorization, reader, invocation)).toBe(true);
  });
});

// https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
describe('a key', () => {
  const signing = access('kms:Sign', KEY);
  const mayByRole = allow('kms:Sign', KEY);
  const toAccount = { Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } };

  it.each([
    ['the role and a key that leaves it to the account', [mayByRole], [allow('kms:*', '*', toAccount)], true],
    ['the role alone', [mayByRole], [], false],
    ['a key that leaves it to the account alone', [], [allow('kms:*', '*', toAccount)], false],
    ['the key, naming the role', [], [allow('kms:Sign', '*', { Principal: { AWS: ROLE } })], true],
    [
      'both, but for a deny of the key',
      [mayByRole],
      [allow('kms:*', '*', toAccount), deny('kms:Sign', '*', { Principal: '*' })],
      false,
    ],
  ])('is used if permitted by %s: %#', (_by, ofRole, ofKey, expected) => {
    const authorization = authorizationWith(...ofRole);
    authorization.addResourcePolicy(KEY, policy(...ofKey));
    expect(isAllowed(authorization, reader, signing)).toBe(expected);
  });

  it('that was made without a policy leaves it to the account', () => {
    expect(isAllowed(authorizationWith(mayByRole), reader, signing)).toBe(true);
    expect(isAllowed(authorizationWith(), reader, signing)).toBe(false);
  });
});

describe('a role', () => {
  it('is assumed by the service that it trusts and by no other', () => {
    const authorization = authorizationWith();
    const whose = { roleArn: ROLE, forArn: FUNCTION };
    expect(authorization.assumeRole('lambda.amazonaws.com', whose)).toEqual({
      kind: 'role',
      roleArn: ROLE,
      sessionName: 'F',
    });
    expect(() => authorization.assumeRole('states.amazonaws.com', whose)).toThrow('cannot be assumed');
    expect(() => authorization.assumeRole('lambda.amazonaws.com', { ...whose, roleArn: `${ROLE}2` })).toThrow(
      'is not in the template',
    );
  });

  it('tells what of it has been used, one by one', () => {
    const authorization = authorizationWith(
      allow('kms:Sign', KEY),
      allow('kms:Decrypt', KEY),
      allow('dynamodb:GetItem', TABLE, {
        Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['A#*', 'B#*'] } },
      }),
    );
    authorization.demand(reader, access('kms:Sign', KEY));
    authorization.demand(reader, {
      ...access('dynamodb:GetItem', TABLE),
      context: { 'dynamodb:LeadingKeys': ['B#1'] },
    });
    const usage = authorization.roles()[0]?.usage();
    expect(usage?.used).toEqual([
      { action: 'kms:Sign', resource: KEY },
      { action: 'dynamodb:GetItem', resource: TABLE, leadingKeys: 'B#*' },
    ]);
    expect(usage?.granted).toHaveLength(4);
  });
});
