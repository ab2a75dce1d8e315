import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Authorization } from '../iam/authorization.ts';
import type { Callers } from '../iam/callers.ts';
import { type Access, Policy } from '../iam/policy.ts';
import { type Principal, principalArn } from '../iam/principal.ts';
import { parse } from './input.ts';
import { AwsError, type JsonObject, type QueryService } from './service.ts';

const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
/** A role that assumes another has it for an hour at most (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining). */
const LONGEST_CHAINED_SECONDS = 3600;
const LONGEST_POLICY = 2048;

const Tags = z.array(z.strictObject({ Key: z.string().min(1).max(128), Value: z.string().max(256) })).max(50);
const AssumeRoleInput = z.strictObject({
  RoleArn: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/),
  RoleSessionName: z.string().regex(SESSION_NAME),
  DurationSeconds: z.coerce.number().int().min(900).max(43_200).default(3600),
  ExternalId: z.string().min(2).max(1224).optional(),
  Policy: z.string().min(1).optional(),
  SourceIdentity: z.string().regex(SESSION_NAME).optional(),
  Tags: Tags.default([]),
});

interface Options {
  readonly authorization: Authorization;
  readonly callers: Callers;
  readonly clock: Clock;
  readonly accountId: string;
}

/** AWS Security Token Service (https://docs.aws.amazon.com/STS/latest/APIReference/): roles of one account, tags that end with the session. */
export function createSts({ authorization, callers, clock, accountId }: Options): QueryService {
  const identify = (principal: Principal): { Arn: string; id: string } => ({
    Arn: principalArn(principal, accountId),
    id: principal.kind === 'role' ? `${roleIdOf(principal.roleArn)}:${principal.sessionName}` : accountId,
  });

  const operations: QueryService['operations'] = {
    AssumeRole: async (input, caller) => {
      const asked = parse(AssumeRoleInput, input);
      const { RoleArn, RoleSessionName, DurationSeconds } = asked;
      const sourceIdentity = sourceIdentityOf(asked.SourceIdentity, caller);
      requireDuration(DurationSeconds, authorization.role(RoleArn)?.maxSessionSeconds ?? 3600, caller);
      if (asked.Policy !== undefined) requirePolicy(asked.Policy);
      const issuedAtEpochSeconds = Math.floor(clock.now() / 1000);
      const expiresAtEpochSeconds = issuedAtEpochSeconds + DurationSeconds;
      const credentials = callers.begin({
        roleArn: RoleArn,
        sessionName: RoleSessionName,
        policyText: asked.Policy,
        tags: Object.fromEntries(asked.Tags.map(({ Key, Value }) => [Key, Value])),
        sourceIdentity,
        issuedAtEpochSeconds,
        expiresAtEpochSeconds,
      });
      const user = identify({ kind: 'role', roleArn: RoleArn, sessionName: RoleSessionName });
      return {
        Credentials: {
          AccessKeyId: credentials.accessKeyId,
          SecretAccessKey: credentials.secretAccessKey,
          SessionToken: credentials.sessionToken,
          Expiration: new Date(expiresAtEpochSeconds * 1000).toISOString(),
        },
        AssumedRoleUser: { Arn: user.Arn, AssumedRoleId: user.id },
        ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
      };
    },

    GetCallerIdentity: async (_input, caller) => {
      const { Arn, id } = identify(caller);
      return { Arn, UserId: id, Account: accountId };
    },
  };

  /** GetCallerIdentity needs no permission, and cannot be denied. */
  const accesses = (operation: string, input: JsonObject): Access[] => {
    if (operation !== 'AssumeRole') return [];
    const { RoleArn, RoleSessionName, ExternalId, SourceIdentity, Tags } = parse(AssumeRoleInput, input);
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservicests.html
    const context: Access['context'] = {
      'sts:RoleSessionName': [RoleSessionName],
      ...(ExternalId !== undefined && { 'sts:ExternalId': [ExternalId] }),
      ...(SourceIdentity !== undefined && { 'sts:SourceIdentity': [SourceIdentity] }),
      ...Object.fromEntries(Tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, [Value]])),
      ...(Tags.length > 0 && { 'aws:TagKeys': Tags.map(({ Key }) => Key) }),
    };
    const actions = [
      'sts:AssumeRole',
      ...(Tags.length > 0 ? ['sts:TagSession'] : []),
      ...(SourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
    ];
    return actions.map((action) => ({ action, resource: RoleArn, context }));
  };

  return {
    signingName: 'sts',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    operations,
    accesses,
  };
}

/** It cannot be changed once it is set (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html). */
function sourceIdentityOf(asked: string | undefined, caller: Principal): string | undefined {
  const held = caller.kind === 'role' ? caller.session?.sourceIdentity : undefined;
  if (held !== undefined && asked !== undefined && held !== asked)
    throw new AwsError('AccessDeniedException', 'The source identity of a session cannot be changed.', 403);
  return held ?? asked;
}

function requireDuration(seconds: number, longestOfRole: number, caller: Principal): void {
  if (caller.kind === 'role' && seconds > LONGEST_CHAINED_SECONDS)
    throw new AwsError(
      'ValidationException',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  if (seconds > longestOfRole)
    throw new AwsError(
      'ValidationException',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
}

function requirePolicy(text: string): void {
  if (text.length > LONGEST_POLICY)
    throw new AwsError(
      'ValidationException',
      `The session policy has ${text.length} characters; it may have ${LONGEST_POLICY}.`,
    );
  try {
    Policy.parse(JSON.parse(text));
  } catch (error) {
    throw new AwsError('MalformedPolicyDocumentException', `The session policy is refused: ${String(error)}`);
  }
}

/** AWS draws it when a role is made. */
export function roleIdOf(roleArn: string): string {
  return `AROA${createHash('sha256').update(roleArn).digest('hex').slice(0, 17).toUpperCase()}`;
}
