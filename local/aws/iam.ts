import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Authorization } from '../iam/authorization.ts';
import type { Access } from '../iam/policy.ts';
import { Policy } from '../iam/policy.ts';
import type { Role } from '../iam/role.ts';
import { parse } from './input.ts';
import { pageOf } from './paging.ts';
import { RecordStore } from './record-store.ts';
import { AwsError, type JsonObject, type QueryService } from './service.ts';
import { roleIdOf } from './sts.ts';

/** A role that a call has made, as it is kept. */
interface KeptRole {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  readonly trustText: string;
  readonly description: string;
  readonly maxSessionSeconds: number;
  readonly createdAtEpochMilliseconds: number;
  /** The texts of its inline policies, by their names. */
  readonly policies: Record<string, string>;
}

/** Of all inline policies of a role, without white space (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). */
const LONGEST_INLINE_POLICIES = 10_240;

const Name = z.string().regex(/^[\w+=,.@-]{1,64}$/);
const PolicyName = z.string().regex(/^[\w+=,.@-]{1,128}$/);
const OfRole = z.strictObject({ RoleName: Name });
const OfPolicy = OfRole.extend({ PolicyName });
const CreateInput = OfRole.extend({
  Path: z
    .string()
    .regex(/^\/([!-~]+\/)*$/)
    .default('/'),
  AssumeRolePolicyDocument: z.string(),
  Description: z.string().max(1000).default(''),
  MaxSessionDuration: z.coerce.number().int().min(3600).max(43_200).default(3600),
});
const PutInput = OfPolicy.extend({ PolicyDocument: z.string() });
const ListInput = OfRole.extend({
  MaxItems: z.coerce.number().int().min(1).max(1000).default(100),
  Marker: z.string().optional(),
});

interface Options {
  readonly authorization: Authorization;
  readonly clock: Clock;
  readonly accountId: string;
  readonly directory: string | undefined;
}

/**
 * AWS Identity and Access Management (https://docs.aws.amazon.com/IAM/latest/APIReference/): roles with inline
 * policies, which hold from the next call on. What the template declares is changed in the CDK app, not here.
 */
export function createIam({ authorization, clock, accountId, directory }: Options): QueryService {
  const roles = new RecordStore<KeptRole>(directory && join(directory, 'iam'));

  const introduce = (kept: KeptRole): void => {
    authorization.addRole({
      arn: kept.arn,
      trust: readPolicy(kept.trustText),
      maxSessionSeconds: kept.maxSessionSeconds,
    });
    for (const [name, text] of Object.entries(kept.policies))
      authorization.role(kept.arn)?.putInline(name, readPolicy(text));
  };
  for (const kept of roles.values()) introduce(kept);

  /** A role that calls may change, with what is judged by. */
  const changeable = (name: string): [KeptRole, Role] => {
    const kept = roles.get(name);
    const role = kept && authorization.role(kept.arn);
    if (kept !== undefined && role !== undefined) return [kept, role];
    if (authorization.findArn(name) !== undefined)
      throw new AwsError(
        'UnmodifiableEntityException',
        `The role ${name} is declared by the template: change it there.`,
      );
    throw noSuchEntity(`The role with name ${name} cannot be found.`);
  };

  const operations: QueryService['operations'] = {
    CreateRole: async (input) => {
      const asked = parse(CreateInput, input);
      const { RoleName: name, Path: path } = asked;
      if (authorization.findArn(name) !== undefined)
        throw new AwsError('EntityAlreadyExistsException', `Role with name ${name} already exists.`, 409);
      const kept: KeptRole = {
        name,
        path,
        arn: `arn:aws:iam::${accountId}:role${path}${name}`,
        trustText: asked.AssumeRolePolicyDocument,
        description: asked.Description,
        maxSessionSeconds: asked.MaxSessionDuration,
        createdAtEpochMilliseconds: clock.now(),
        policies: {},
      };
      introduce(kept);
      roles.set(name, kept);
      return { Role: describe(kept) };
    },

    GetRole: async (input) => ({ Role: describe(changeable(parse(OfRole, input).RoleName)[0]) }),

    DeleteRole: async (input) => {
      const [{ name, arn, policies }] = changeable(parse(OfRole, input).RoleName);
      if (Object.keys(policies).length > 0)
        throw new AwsError(
          'DeleteConflictException',
          'Cannot delete entity, must delete policies first.',
          409,
        );
      authorization.deleteRole(arn);
      roles.delete(name);
      return {};
    },

    PutRolePolicy: async (input) => {
      const { RoleName, PolicyName, PolicyDocument } = parse(PutInput, input);
      const [kept, role] = changeable(RoleName);
      const policy = readPolicy(PolicyDocument);
      const texts = Object.values({ ...kept.policies, [PolicyName]: PolicyDocument });
      if (texts.join('').replaceAll(/\s/g, '').length > LONGEST_INLINE_POLICIES)
        throw new AwsError(
          'LimitExceededException',
          `Maximum policy size of ${LONGEST_INLINE_POLICIES} bytes exceeded for role ${RoleName}`,
          409,
        );
      kept.policies[PolicyName] = PolicyDocument;
      roles.set(RoleName, kept);
      role.putInline(PolicyName, policy);
      return {};
    },

    GetRolePolicy: async (input) => {
      const { RoleName, PolicyName } = parse(OfPolicy, input);
      const text = changeable(RoleName)[0].policies[PolicyName];
      if (text === undefined) throw noSuchEntity(`The role policy with name ${PolicyName} cannot be found.`);
      return { RoleName, PolicyName, PolicyDocument: encodeURIComponent(text) };
    },

    ListRolePolicies: async (input) => {
      const { RoleName, MaxItems, Marker } = parse(ListInput, input);
      const { items, next } = pageOf(Object.keys(changeable(RoleName)[0].policies).sort(), {
        most: MaxItems,
        token: Marker,
        invalidToken: new AwsError('ValidationException', 'The Marker is invalid.'),
      });
      return {
        PolicyNames: items,
        IsTruncated: next !== undefined,
        ...(next === undefined ? {} : { Marker: next }),
      };
    },

    DeleteRolePolicy: async (input) => {
      const { RoleName, PolicyName } = parse(OfPolicy, input);
      const [kept, role] = changeable(RoleName);
      if (kept.policies[PolicyName] === undefined)
        throw noSuchEntity(`The role policy with name ${PolicyName} cannot be found.`);
      delete kept.policies[PolicyName];
      roles.set(RoleName, kept);
      role.deleteInline(PolicyName);
      return {};
    },
  };

  /** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html */
  const accesses = (operation: string, input: JsonObject): Access[] => {
    const name = String(input['RoleName'] ?? '');
    const path = String(input['Path'] ?? '/');
    const resource = authorization.findArn(name) ?? `arn:aws:iam::${accountId}:role${path}${name}`;
    return [{ action: `iam:${operation}`, resource, context: {} }];
  };

  return {
    signingName: 'iam',
    namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    operations,
    accesses,
  };
}

function describe(role: KeptRole): JsonObject {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: roleIdOf(role.arn),
    Arn: role.arn,
    CreateDate: new Date(role.createdAtEpochMilliseconds).toISOString(),
    AssumeRolePolicyDocument: encodeURIComponent(role.trustText),
    Description: role.description,
    MaxSessionDuration: role.maxSessionSeconds,
  };
}

function readPolicy(text: string): Policy {
  try {
    return Policy.parse(JSON.parse(text));
  } catch (error) {
    throw new AwsError('MalformedPolicyDocumentException', `The policy is refused: ${String(error)}`);
  }
}

function noSuchEntity(message: string): AwsError {
  return new AwsError('NoSuchEntityException', message, 404);
}
