import { z } from 'zod';
import { Policy } from '../iam/policy.ts';
import { type DeclaredResource, ignored, physicalName, resourceType } from './resource-type.ts';

const Unexercised = z.record(z.string(), z.string()).default({});

/** A policy's or a role's metadata says why actions are granted that are not seen in use on one machine. */
function unexercisedOf({ metadata }: DeclaredResource<unknown>): z.output<typeof Unexercised> {
  return Unexercised.parse(metadata['sallyport:unexercised']);
}

const RoleProperties = z.strictObject({
  RoleName: z.string().optional(),
  Path: z
    .string()
    .regex(/^\/([!-~]+\/)*$/)
    .default('/'),
  AssumeRolePolicyDocument: Policy,
  Policies: z.array(z.strictObject({ PolicyName: z.string(), PolicyDocument: Policy })).default([]),
  Description: ignored,
  Tags: ignored,
});
type Role = DeclaredResource<z.output<typeof RoleProperties>>;

const nameOf = (role: Role): string => role.properties.RoleName ?? physicalName(role);
const arnOf = (role: Role): string =>
  `arn:aws:iam::${role.accountId}:role${role.properties.Path}${nameOf(role)}`;

export const role = resourceType({
  properties: RoleProperties,
  identify: (declared: Role) => ({ ref: nameOf(declared), attributes: { Arn: arnOf(declared) } }),
  deploy: (declared: Role, { authorization }) => {
    const { AssumeRolePolicyDocument, Policies } = declared.properties;
    const arn = arnOf(declared);
    authorization.addRole({ arn, constructPath: declared.constructPath, trust: AssumeRolePolicyDocument });
    for (const { PolicyDocument } of Policies)
      authorization.attachPolicy(arn, PolicyDocument, unexercisedOf(declared));
  },
});

const ManagedPolicyProperties = z.strictObject({
  ManagedPolicyName: z.string().optional(),
  PolicyDocument: Policy,
  Roles: z.array(z.string()),
  Path: z.literal('/').optional(),
  Description: ignored,
});
type ManagedPolicy = DeclaredResource<z.output<typeof ManagedPolicyProperties>>;

export const managedPolicy = resourceType({
  properties: ManagedPolicyProperties,
  identify: (declared: ManagedPolicy) => ({
    ref: `arn:aws:iam::${declared.accountId}:policy/${declared.properties.ManagedPolicyName ?? physicalName(declared)}`,
  }),
  deploy: (declared: ManagedPolicy, { authorization }) => {
    const { PolicyDocument, Roles } = declared.properties;
    for (const roleName of Roles)
      authorization.attachPolicy(authorization.arnOf(roleName), PolicyDocument, unexercisedOf(declared));
  },
});

const PermissionProperties = z.strictObject({
  FunctionName: z.string().startsWith('arn:'),
  Action: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
  SourceAccount: z.string().optional(),
});
type Permission = DeclaredResource<z.output<typeof PermissionProperties>>;

/** A statement of a function's own policy (https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html). */
export const permission = resourceType({
  properties: PermissionProperties,
  identify: (declared: Permission) => ({ ref: physicalName(declared) }),
  deploy: ({ properties }: Permission, { authorization }) => {
    const { FunctionName, Action, Principal, SourceArn, SourceAccount } = properties;
    const statement = {
      Effect: 'Allow',
      Principal: { [Principal.endsWith('.amazonaws.com') ? 'Service' : 'AWS']: Principal },
      Action,
      Resource: FunctionName,
      Condition: {
        ...(SourceArn && { ArnLike: { 'aws:SourceArn': SourceArn } }),
        ...(SourceAccount && { StringEquals: { 'aws:SourceAccount': SourceAccount } }),
      },
    };
    authorization.addResourcePolicy(
      FunctionName,
      Policy.parse({ Version: '2012-10-17', Statement: statement }),
    );
  },
});
