import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  InvalidParameterException,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { DependencyUnavailable, StateConflict } from '../platform/failures.ts';
import { managedSecretName } from './connection.ts';
import type { SecretVersions } from './secret-versions.port.ts';

const CURRENT = 'AWSCURRENT';
const PENDING = 'AWSPENDING';
/**
 * The version that a secret is made with. Secrets Manager labels a secret's first version AWSCURRENT, whatever label was
 * asked for, and what nobody has tried must not be current.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
 */
const NO_VALUE_YET = 'sallyport-secret-without-a-value-yet';

const Kept = z.record(z.string(), z.string());

/** Values in Secrets Manager, a secret for each managed secret, encrypted with a key of Sallyport's. */
export function secretsManagerVersions(client: SecretsManagerClient, kmsKeyId?: string): SecretVersions {
  return {
    async open(secretId) {
      await sent(
        () =>
          client.send(
            new CreateSecretCommand({
              Name: managedSecretName(secretId),
              ClientRequestToken: NO_VALUE_YET,
              SecretString: '{}',
              Description: 'A secret that Sallyport manages and rotates.',
              ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
            }),
          ),
        (error) => error instanceof ResourceExistsException,
      );
    },

    async labels(secretId) {
      const described = await sent(
        () => client.send(new DescribeSecretCommand({ SecretId: managedSecretName(secretId) })),
        (error) => error instanceof ResourceNotFoundException,
      );
      const bearing = (label: string) =>
        Object.entries(described?.VersionIdsToStages ?? {}).find(([, labels]) => labels.includes(label))?.[0];
      const current = bearing(CURRENT);
      const pending = bearing(PENDING);
      return {
        ...(current === undefined || current === NO_VALUE_YET ? {} : { current }),
        ...(pending === undefined ? {} : { pending }),
      };
    },

    async read(secretId, token) {
      const answer = await sent(
        () =>
          client.send(new GetSecretValueCommand({ SecretId: managedSecretName(secretId), VersionId: token })),
        (error) => error instanceof ResourceNotFoundException,
      );
      return answer?.SecretString === undefined ? undefined : valueIn(answer.SecretString);
    },

    async keepPending(secretId, token, value) {
      await sent(
        () =>
          client.send(
            new PutSecretValueCommand({
              SecretId: managedSecretName(secretId),
              ClientRequestToken: token,
              SecretString: JSON.stringify(value),
              VersionStages: [PENDING],
            }),
          ),
        // It has kept another value: that one is it.
        (error) => error instanceof ResourceExistsException,
      );
    },

    async promote(secretId, token, current) {
      const moved = await sent(
        () =>
          client.send(
            new UpdateSecretVersionStageCommand({
              SecretId: managedSecretName(secretId),
              VersionStage: CURRENT,
              MoveToVersionId: token,
              RemoveFromVersionId: current ?? NO_VALUE_YET,
            }),
          ),
        (error) => error instanceof InvalidParameterException,
      );
      if (moved === undefined) throw new StateConflict(`Another version of ${secretId} is the current one`);
    },

    async dropPending(secretId, token) {
      await sent(
        () =>
          client.send(
            new UpdateSecretVersionStageCommand({
              SecretId: managedSecretName(secretId),
              VersionStage: PENDING,
              RemoveFromVersionId: token,
            }),
          ),
        // It does not bear the label.
        (error) => error instanceof InvalidParameterException || error instanceof ResourceNotFoundException,
      );
    },
  };
}

/** @returns undefined where it was refused for a reason that is expected */
async function sent<Answer>(
  call: () => Promise<Answer>,
  isExpected: (error: unknown) => boolean = () => false,
): Promise<Answer | undefined> {
  try {
    return await call();
  } catch (cause) {
    if (isExpected(cause)) return undefined;
    throw new DependencyUnavailable('Secrets Manager did not confirm the call', { cause });
  }
}

function valueIn(text: string): Readonly<Record<string, string>> {
  try {
    return Kept.parse(JSON.parse(text));
  } catch {
    // Without its cause: what does not parse may be shown in it.
    throw new DependencyUnavailable('A managed secret does not hold a JSON object of strings');
  }
}
