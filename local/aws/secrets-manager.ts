import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { type KeyAction, keyUseThrough } from '../iam/encryption.ts';
import { type Access, Policy } from '../iam/policy.ts';
import { parse } from './input.ts';
import { pageOf } from './paging.ts';
import { RecordStore } from './record-store.ts';
import { Filters, meets } from './secret-filters.ts';
import { attachStage, type Secret, stagesOf, type Version, versionOf } from './secret-versions.ts';
import { AwsError, type AwsService, type JsonObject } from './service.ts';

export interface SecretsManager {
  readonly service: AwsService;
  /** Makes a secret of the template, with what `makeValue` answers, unless it is there. */
  ensureSecret(declaration: {
    name: string;
    arn: string;
    description: string;
    /** ARN of the key that encrypts it; the account's own key for secrets if not said. */
    kmsKeyId: string | undefined;
    makeValue: () => string;
  }): void;
}

const DAY_SECONDS = 86_400;

/** What an operation does with the key of a secret. */
const KEY_ACTIONS: Readonly<Record<string, readonly KeyAction[]>> = {
  CreateSecret: ['kms:Decrypt', 'kms:GenerateDataKey'],
  GetSecretValue: ['kms:Decrypt'],
  PutSecretValue: ['kms:Decrypt', 'kms:GenerateDataKey'],
  UpdateSecret: ['kms:Decrypt', 'kms:GenerateDataKey'],
};

const SecretInput = z.strictObject({ SecretId: z.string() });
const token = z.string().min(32).max(64).default(randomUUID);
const Value = z.strictObject({
  SecretString: z.string().max(65_536).optional(),
  SecretBinary: z.string().max(87_384).optional(),
});
const CreateInput = Value.extend({
  Name: z.string().regex(/^[\w/+=.@-]{1,512}$/),
  ClientRequestToken: token,
  Description: z.string().default(''),
  KmsKeyId: z.string().optional(),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).default([]),
});
const PutInput = Value.extend({
  ...SecretInput.shape,
  ClientRequestToken: token,
  VersionStages: z.array(z.string()).min(1).default(['AWSCURRENT']),
});
const GetInput = SecretInput.extend({
  VersionId: z.string().optional(),
  VersionStage: z.string().optional(),
});
const UpdateStageInput = SecretInput.extend({
  VersionStage: z.string(),
  MoveToVersionId: z.string().optional(),
  RemoveFromVersionId: z.string().optional(),
});
const PutPolicyInput = SecretInput.extend({
  ResourcePolicy: z.string().min(1).max(20_480),
  // Whether it would let everybody in is not found out here.
  BlockPublicPolicy: z.literal(false).optional(),
});
const DeleteInput = SecretInput.extend({
  RecoveryWindowInDays: z.int().min(7).max(30).optional(),
  ForceDeleteWithoutRecovery: z.boolean().default(false),
});
const ListInput = z.strictObject({
  MaxResults: z.int().min(1).max(100).default(100),
  NextToken: z.string().optional(),
  IncludePlannedDeletion: z.boolean().default(false),
  Filters: Filters.default([]),
  SortBy: z.enum(['created-date', 'last-changed-date', 'name']).default('created-date'),
  SortOrder: z.enum(['asc', 'desc']).default('asc'),
});
const ListVersionsInput = SecretInput.extend({
  MaxResults: z.int().min(1).max(100).default(100),
  NextToken: z.string().optional(),
  IncludeDeprecated: z.boolean().default(false),
});
const BatchInput = z.strictObject({
  SecretIdList: z.array(z.string()).min(1).max(20).optional(),
  Filters: Filters.optional(),
  MaxResults: z.int().min(1).max(20).optional(),
  NextToken: z.string().optional(),
});

/** What secrets are sorted by. */
const SORT_KEYS: Readonly<Record<z.output<typeof ListInput>['SortBy'], (secret: Secret) => string | number>> =
  {
    'created-date': (secret) => secret.createdAtEpochSeconds,
    'last-changed-date': (secret) => secret.changedAtEpochSeconds,
    name: (secret) => secret.name,
  };

/** AWS Secrets Manager (https://docs.aws.amazon.com/secretsmanager/latest/apireference/), without replication. */
export function createSecretsManager(options: {
  clock: Clock;
  directory: string | undefined;
  region: string;
  accountId: string;
}): SecretsManager {
  const secrets = new RecordStore<Secret>(options.directory && join(options.directory, 'secrets-manager'));
  const now = (): number => options.clock.now() / 1000;

  const newArn = (name: string): string =>
    `arn:aws:secretsmanager:${options.region}:${options.accountId}:secret:${name}-${randomBytes(3).toString('hex')}`;

  /** A secret by its name, its ARN or its ARN without the six characters at its end. */
  const find = (secretId: string): Secret => {
    const name = secretId.replace(/^arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:/, '');
    const secret = secrets.get(name) ?? secrets.get(name.replace(/-[^-]{6}$/, ''));
    if (secret?.deletionAtEpochSeconds !== undefined && secret.deletionAtEpochSeconds <= now())
      secrets.delete(secret.name);
    else if (secret !== undefined && (secretId === name || secret.arn.startsWith(secretId))) return secret;
    throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  };

  const findUsable = (secretId: string): Secret => {
    const secret = find(secretId);
    if (secret.deletionAtEpochSeconds === undefined) return secret;
    throw new AwsError(
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
    );
  };

  const existing = (name: string): Secret | undefined => {
    try {
      return find(name);
    } catch {
      return undefined;
    }
  };

  /** Saves a changed secret and answers with its ARN and name, as every operation does. */
  const save = (secret: Secret): { ARN: string; Name: string } => {
    secret.changedAtEpochSeconds = now();
    secrets.set(secret.name, secret);
    return { ARN: secret.arn, Name: secret.name };
  };

  /** A token that has its version already must come with the same value: then nothing is to be done. */
  const putVersion = (
    secret: Secret,
    versionId: string,
    value: z.output<typeof Value>,
    stages: readonly string[],
  ): void => {
    if ((value.SecretString === undefined) === (value.SecretBinary === undefined))
      throw new AwsError(
        'InvalidParameterException',
        'You must provide either SecretString or SecretBinary.',
      );
    const version = secret.versions[versionId];
    if (version === undefined) {
      secret.versions[versionId] = { createdAtEpochSeconds: now(), stages: [], ...value };
      for (const stage of stages) attachStage(secret, stage, versionId);
    } else if (version.SecretString !== value.SecretString || version.SecretBinary !== value.SecretBinary)
      throw new AwsError(
        'ResourceExistsException',
        `You can't use ClientRequestToken ${versionId} because that value is already in use for a version of secret ${secret.arn}.`,
      );
  };

  const readValue = (secretId: string, wantedId?: string, stage?: string): JsonObject => {
    const secret = findUsable(secretId);
    const [versionId, version] = versionOf(secret, wantedId, stage);
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: versionId,
      VersionStages: version.stages,
      CreatedDate: version.createdAtEpochSeconds,
      ...storedValue(version),
    };
  };

  /** Every secret whose recovery window has not ended. */
  const all = (): Secret[] => secrets.values().flatMap(({ name }) => existing(name) ?? []);

  /** The secrets that the filters find. */
  const namesOf = (filters: z.output<typeof Filters> = []): string[] =>
    all()
      .filter((secret) => secret.deletionAtEpochSeconds === undefined && meets(secret, filters))
      .map(({ name }) => name);

  const operations: AwsService['operations'] = {
    CreateSecret: async (input) => {
      const parsed = parse(CreateInput, input);
      const { Name, ClientRequestToken, SecretString, SecretBinary } = parsed;
      const hasValue = SecretString !== undefined || SecretBinary !== undefined;
      const before = existing(Name);
      if (before?.deletionAtEpochSeconds !== undefined)
        throw new AwsError(
          'InvalidRequestException',
          "You can't create this secret because a secret with this name is already scheduled for deletion.",
        );
      if (before !== undefined && before.versions[ClientRequestToken] === undefined)
        throw new AwsError(
          'ResourceExistsException',
          `The operation failed because the secret ${Name} already exists.`,
        );
      const secret: Secret = before ?? {
        arn: newArn(Name),
        name: Name,
        createdAtEpochSeconds: now(),
        changedAtEpochSeconds: now(),
        description: parsed.Description,
        kmsKeyId: parsed.KmsKeyId,
        tags: parsed.Tags,
        deletionAtEpochSeconds: undefined,
        versions: {},
      };
      if (hasValue) putVersion(secret, ClientRequestToken, { SecretString, SecretBinary }, ['AWSCURRENT']);
      return { ...save(secret), ...(hasValue ? { VersionId: ClientRequestToken } : {}) };
    },

    PutSecretValue: async (input) => {
      const { SecretId, ClientRequestToken, SecretString, SecretBinary, VersionStages } = parse(
        PutInput,
        input,
      );
      const secret = findUsable(SecretId);
      putVersion(secret, ClientRequestToken, { SecretString, SecretBinary }, VersionStages);
      return {
        ...save(secret),
        VersionId: ClientRequestToken,
        VersionStages: secret.versions[ClientRequestToken]?.stages ?? [],
      };
    },

    GetSecretValue: async (input) => {
      const { SecretId, VersionId, VersionStage } = parse(GetInput, input);
      return readValue(SecretId, VersionId, VersionStage);
    },

    PutResourcePolicy: async (input) => {
      const { SecretId, ResourcePolicy } = parse(PutPolicyInput, input);
      const secret = findUsable(SecretId);
      readPolicy(ResourcePolicy);
      secret.resourcePolicy = ResourcePolicy;
      return save(secret);
    },

    GetResourcePolicy: async (input) => {
      const { arn, name, resourcePolicy } = findUsable(parse(SecretInput, input).SecretId);
      return {
        ARN: arn,
        Name: name,
        ...(resourcePolicy === undefined ? {} : { ResourcePolicy: resourcePolicy }),
      };
    },

    DeleteResourcePolicy: async (input) => {
      const secret = findUsable(parse(SecretInput, input).SecretId);
      secret.resourcePolicy = undefined;
      return save(secret);
    },

    UpdateSecretVersionStage: async (input) => {
      const { SecretId, VersionStage, MoveToVersionId, RemoveFromVersionId } = parse(UpdateStageInput, input);
      const secret = findUsable(SecretId);
      const holder = Object.entries(secret.versions).find(([, { stages }]) => stages.includes(VersionStage));
      if (holder !== undefined && holder[0] !== RemoveFromVersionId && holder[0] !== MoveToVersionId)
        throw new AwsError(
          'InvalidParameterException',
          `The parameter RemoveFromVersionId must be ${holder[0]}, to which the staging label ${VersionStage} is attached.`,
        );
      if (RemoveFromVersionId !== undefined && holder?.[0] !== RemoveFromVersionId)
        throw new AwsError(
          'InvalidParameterException',
          `The staging label ${VersionStage} isn't attached to version ${RemoveFromVersionId}.`,
        );
      if (MoveToVersionId !== undefined) attachStage(secret, VersionStage, MoveToVersionId);
      else if (holder !== undefined)
        holder[1].stages = holder[1].stages.filter((stage) => stage !== VersionStage);
      return save(secret);
    },

    DescribeSecret: async (input) => describe(find(parse(SecretInput, input).SecretId)),

    ListSecrets: async (input) => {
      const { MaxResults, NextToken, IncludePlannedDeletion, ...selection } = parse(ListInput, input);
      const listed = all()
        .filter((secret) => IncludePlannedDeletion || secret.deletionAtEpochSeconds === undefined)
        .filter((secret) => meets(secret, selection.Filters))
        .sort((a, b) => compare(SORT_KEYS[selection.SortBy](a), SORT_KEYS[selection.SortBy](b)));
      if (selection.SortOrder === 'desc') listed.reverse();
      const { items, ...next } = page(listed, MaxResults, NextToken);
      return { SecretList: items.map(listEntry), ...next };
    },

    ListSecretVersionIds: async (input) => {
      const { SecretId, MaxResults, NextToken, IncludeDeprecated } = parse(ListVersionsInput, input);
      const secret = find(SecretId);
      const listed = Object.entries(secret.versions)
        .filter(([, { stages }]) => IncludeDeprecated || stages.length > 0)
        .map(([VersionId, { stages, createdAtEpochSeconds }]) => ({
          VersionId,
          VersionStages: stages,
          CreatedDate: createdAtEpochSeconds,
        }));
      const { items, ...next } = page(listed, MaxResults, NextToken);
      return { ARN: secret.arn, Name: secret.name, Versions: items, ...next };
    },

    BatchGetSecretValue: async (input) => {
      const { SecretIdList, Filters, MaxResults, NextToken } = parse(BatchInput, input);
      if ((SecretIdList === undefined) === (Filters === undefined))
        throw new AwsError(
          'InvalidParameterException',
          'You must provide either SecretIdList or Filters, and not both.',
        );
      if (MaxResults !== undefined && Filters === undefined)
        throw new AwsError('InvalidParameterException', 'You can use MaxResults only with Filters.');
      const { items, ...next } = page(SecretIdList ?? namesOf(Filters), MaxResults ?? 20, NextToken);
      const SecretValues: JsonObject[] = [];
      const Errors: JsonObject[] = [];
      for (const SecretId of items)
        try {
          SecretValues.push(readValue(SecretId));
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          Errors.push({ SecretId, ErrorCode: error.code, Message: error.message });
        }
      return { SecretValues, Errors, ...next };
    },

    DeleteSecret: async (input) => {
      const { SecretId, RecoveryWindowInDays, ForceDeleteWithoutRecovery } = parse(DeleteInput, input);
      if (ForceDeleteWithoutRecovery && RecoveryWindowInDays !== undefined)
        throw new AwsError(
          'InvalidParameterException',
          "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
        );
      if (ForceDeleteWithoutRecovery) {
        const secret = existing(SecretId);
        if (secret === undefined) return { Name: SecretId, DeletionDate: now() };
        secrets.delete(secret.name);
        return { ARN: secret.arn, Name: secret.name, DeletionDate: now() };
      }
      const secret = findUsable(SecretId);
      secret.deletionAtEpochSeconds = now() + (RecoveryWindowInDays ?? 30) * DAY_SECONDS;
      return { ...save(secret), DeletionDate: secret.deletionAtEpochSeconds };
    },

    RestoreSecret: async (input) => {
      const secret = find(parse(SecretInput, input).SecretId);
      secret.deletionAtEpochSeconds = undefined;
      return save(secret);
    },
  };

  /**
   * Who reads or writes a secret also uses its key
   * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html).
   */
  const accesses = (operation: string, input: JsonObject): Access[] => {
    const action = `secretsmanager:${operation}`;
    if (operation === 'BatchGetSecretValue') {
      const { SecretIdList, Filters } = parse(BatchInput, input);
      // On AWS only the values that the caller may not read are left out; here the whole call is refused.
      const values = (SecretIdList ?? namesOf(Filters)).flatMap((id) =>
        accesses('GetSecretValue', { SecretId: id }),
      );
      const list = Filters === undefined ? [] : accesses('ListSecrets', {});
      return [{ action, resource: '*', context: {} }, ...list, ...values];
    }
    const { SecretId, Name, KmsKeyId } = input;
    // Whose key it is encrypted with tells who may use it (`kms:EncryptionContext:SecretARN`).
    const keyUses = (arn: string, keyArn: string | undefined): Access[] =>
      keyArn === undefined
        ? []
        : (KEY_ACTIONS[operation] ?? []).map((keyAction) =>
            keyUseThrough('secretsmanager', {
              keyArn,
              action: keyAction,
              context: { 'kms:EncryptionContext:SecretARN': [arn] },
            }),
          );
    if (SecretId === undefined) {
      if (Name === undefined) return [{ action, resource: '*', context: {} }];
      const arn = newArn(String(Name));
      const keyArn = typeof KmsKeyId === 'string' ? KmsKeyId : undefined;
      return [{ action, resource: arn, context: {} }, ...keyUses(arn, keyArn)];
    }
    const secret = existing(String(SecretId));
    if (secret === undefined) return [{ action, resource: String(SecretId), context: {} }];
    const resourcePolicy = secret.resourcePolicy && readPolicy(secret.resourcePolicy);
    return [
      { action, resource: secret.arn, context: {}, ...(resourcePolicy && { resourcePolicy }) },
      ...keyUses(secret.arn, secret.kmsKeyId),
    ];
  };

  return {
    service: {
      signingName: 'secretsmanager',
      targetPrefix: 'secretsmanager',
      contentType: 'application/x-amz-json-1.1',
      operations,
      accesses,
    },
    ensureSecret: ({ name, arn, description, kmsKeyId, makeValue }) => {
      if (existing(name) !== undefined) return;
      const secret: Secret = {
        arn,
        name,
        createdAtEpochSeconds: now(),
        changedAtEpochSeconds: now(),
        description,
        kmsKeyId,
        tags: [],
        deletionAtEpochSeconds: undefined,
        versions: {},
      };
      putVersion(secret, randomUUID(), { SecretString: makeValue() }, ['AWSCURRENT']);
      save(secret);
    },
  };
}

/** Throws where it is no policy, or one that the runtime could not judge as AWS does. */
function readPolicy(text: string): Policy {
  try {
    return Policy.parse(JSON.parse(text));
  } catch (error) {
    throw new AwsError(
      'MalformedPolicyDocumentException',
      `This resource policy is refused: ${String(error)}`,
    );
  }
}

function storedValue({ SecretString, SecretBinary }: Version): JsonObject {
  return {
    ...(SecretString === undefined ? {} : { SecretString }),
    ...(SecretBinary === undefined ? {} : { SecretBinary }),
  };
}

function describe(secret: Secret): JsonObject {
  return { ...metadata(secret), VersionIdsToStages: stagesOf(secret) };
}

/** The same as `describe` tells, with the versions under another name. */
function listEntry(secret: Secret): JsonObject {
  return { ...metadata(secret), SecretVersionsToStages: stagesOf(secret) };
}

function metadata(secret: Secret): JsonObject {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    CreatedDate: secret.createdAtEpochSeconds,
    LastChangedDate: secret.changedAtEpochSeconds,
    Tags: secret.tags,
    ...(secret.kmsKeyId === undefined ? {} : { KmsKeyId: secret.kmsKeyId }),
    ...(secret.deletionAtEpochSeconds === undefined ? {} : { DeletedDate: secret.deletionAtEpochSeconds }),
  };
}

function page<Item>(
  all: readonly Item[],
  most: number,
  token: string | undefined,
): { items: Item[]; NextToken?: string } {
  const invalidToken = new AwsError('InvalidNextTokenException', 'The NextToken value is invalid.');
  const { items, next } = pageOf(all, { most, token, invalidToken });
  return next === undefined ? { items } : { items, NextToken: next };
}

function compare(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
