import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Denial,
  denialDocument,
  denialName,
  hasRoom,
  readDenial,
} from '../../../../lambdas/minting/connectors/aws-sts/denials.ts';
import { awsStsMinter } from '../../../../lambdas/minting/connectors/aws-sts/minter.aws-sts.ts';
import { legalName } from '../../../../lambdas/minting/connectors/aws-sts/session.ts';
import {
  LONGEST_SESSION_POLICY,
  type SessionStatement,
  sessionPolicy,
} from '../../../../lambdas/minting/connectors/aws-sts/session-policy.ts';
import { AwsStsTarget } from '../../../../lambdas/minting/connectors/aws-sts/target.ts';
import { type Access, appliesTo, Policy } from '../../../../local/iam/policy.ts';
import { contractGrant } from '../../../contract/connector-contract.ts';

const actionPatterns = ['s3:GetObject', 's3:Get*', 's3:*', 'sqs:SendMessage', 'sqs:S?ndMessage'];
const actions = ['s3:GetObject', 's3:GetBucketAcl', 's3:PutObject', 'sqs:SendMessage', 'sqs:PurgeQueue'];
const resourcePatterns = [
  '*',
  'arn:aws:s3:::a/*',
  'arn:aws:s3:::a/b?',
  'arn:aws:s3:::b/c',
  'arn:aws:sqs:*:*:q',
];
const resources = ['arn:aws:s3:::a/b1', 'arn:aws:s3:::a/long', 'arn:aws:s3:::b/c', 'arn:aws:sqs:r:0:q'];
const regions = ['us-east-1', 'eu-north-1'];

const someOf = <Item>(items: readonly Item[]) => fc.subarray([...items], { minLength: 1 });
const statement: fc.Arbitrary<SessionStatement> = fc.record(
  {
    actions: someOf(actionPatterns),
    resources: someOf(resourcePatterns),
    conditions: fc.record({
      StringEquals: fc.record({
        'aws:RequestedRegion': fc.oneof(fc.constantFrom(...regions), someOf(regions)),
      }),
    }),
  },
  { requiredKeys: ['actions', 'resources'] },
);
const names = ['p1', 'p2', 'p3', 'p4', 'p5'] as const;
const meanings = fc.record(
  Object.fromEntries(
    names.map((name) => [
      name,
      fc.record({ statements: fc.array(statement, { minLength: 1, maxLength: 3 }) }),
    ]),
  ),
);
const accesses: Access[] = actions.flatMap((action) =>
  resources.flatMap((resource) =>
    regions.map((region) => ({ action, resource, context: { 'aws:RequestedRegion': [region] } })),
  ),
);

/** What a statement says, read by itself and not as it was written for the session. */
const says = ({ actions: Action, resources: Resource, conditions }: SessionStatement) =>
  Policy.parse({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action, Resource, ...(conditions && { Condition: conditions }) },
  });

describe('what a session may do', () => {
  it('is what each of the granted permissions says, neither more nor less, for 10,000 grants', () => {
    fc.assert(
      fc.property(meanings, fc.subarray([...names], { minLength: 1 }), (meaning, granted) => {
        const session = Policy.parse(JSON.parse(sessionPolicy(meaning, granted)));
        const permitted = granted.flatMap((name) => (meaning[name]?.statements ?? []).flatMap(says));
        const isIn = (policy: Policy, access: Access) => policy.some((one) => appliesTo(one, access));
        expect(accesses.filter((one) => isIn(session, one) !== isIn(permitted, one))).toEqual([]);
      }),
      { numRuns: 10_000 },
    );
  }, 120_000);

  it('is written with nothing but what allows', () => {
    fc.assert(
      fc.property(meanings, fc.subarray([...names], { minLength: 1 }), (meaning, granted) => {
        const { Statement } = JSON.parse(sessionPolicy(meaning, granted));
        for (const one of Statement) expect(one.Effect).toBe('Allow');
      }),
    );
  });
});

describe('a target', () => {
  const target = (permissions: object) => ({
    id: 'role',
    name: 'A role',
    system: 's',
    environment: 'production',
    connector: 'aws-sts',
    maximumDuration: 'PT1H',
    roleArn: 'arn:aws:iam::000000000000:role/r',
    permissions,
  });
  const long = (letter: string) => ({
    statements: [{ actions: ['s3:GetObject'], resources: [`arn:aws:s3:::${letter.repeat(1200)}`] }],
  });

  it('with a permission that no session policy has room for is refused', () => {
    const { statements } = long('a');
    expect(
      AwsStsTarget.safeParse(target({ p: { statements: [...statements, ...long('b').statements] } })),
    ).toMatchObject({
      success: false,
      error: { issues: [{ message: expect.stringContaining(`${LONGEST_SESSION_POLICY} characters`) }] },
    });
  });

  it('gives nothing to a grant whose permissions do not fit together, and asks AWS for nothing', async () => {
    const both = AwsStsTarget.parse(target({ a: long('a'), b: long('b') }));
    const nobody = { send: () => expect.unreachable('AWS was called') };
    const minter = awsStsMinter(nobody as unknown as Parameters<typeof awsStsMinter>[0]);
    await expect(
      minter.mint(contractGrant(both, ['a', 'b'], 0), both, {
        nowEpochSeconds: 0,
        expiresAtEpochSeconds: 900,
        keyThumbprint: undefined,
        claimedFrom: {},
      }),
    ).rejects.toMatchObject({ status: 409, type: 'urn:sallyport:problem:session-policy-too-large' });
  });
});

describe('a name at AWS', () => {
  it('is legal whatever the id is, the id itself where that is legal, and another for another id', () => {
    const id = fc.oneof(fc.string(), fc.constantFrom('deploy-bot', 'spiffe://acme/shop', 'é', 'a'));
    fc.assert(
      fc.property(id, id, (one, other) => {
        expect(legalName(one)).toMatch(/^[\w+=.@-]{2,64}$/);
        if (/^[\w+=.@-]{2,64}$/.test(one)) expect(legalName(one)).toBe(one);
        if (one !== other) expect(legalName(one)).not.toBe(legalName(other));
      }),
    );
  });
});

describe('a denial', () => {
  const denial: fc.Arbitrary<Denial> = fc.oneof(
    fc.record({
      of: fc.constant('grant' as const),
      grantId: fc.uuid().map((id) => `grant-${id}`),
      issuedByEpochSeconds: fc.nat(),
      untilEpochSeconds: fc.nat(),
    }),
    fc.record({
      of: fc.constant('older-sessions' as const),
      beforeEpochSeconds: fc.nat(),
      untilEpochSeconds: fc.nat(),
    }),
  );

  it('is told by its name alone, which IAM takes', () => {
    fc.assert(
      fc.property(denial, (one) => {
        expect(denialName(one)).toMatch(/^[\w+=,.@-]{1,128}$/);
        expect(readDenial(denialName(one))).toEqual(one);
      }),
    );
    expect(readDenial('AWSRevokeOlderSessions')).toBeUndefined();
    expect(readDenial('sallyport-revoked-')).toBeUndefined();
  });

  it('finds room among those that are there only if IAM has room for all of them', () => {
    fc.assert(
      fc.property(fc.array(denial, { maxLength: 80 }), denial, (there, one) => {
        const length = [...there, one].map(denialDocument).join('').length;
        if (hasRoom(there, one)) expect(length).toBeLessThan(10_240);
        else expect(length).toBeGreaterThan(9000);
      }),
    );
  });
});
