import { AwsError } from './service.ts';

export interface Version {
  readonly createdAtEpochSeconds: number;
  readonly SecretString?: string | undefined;
  /** In base64, as on the wire. */
  readonly SecretBinary?: string | undefined;
  stages: string[];
}

export interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly createdAtEpochSeconds: number;
  readonly description: string;
  readonly kmsKeyId: string | undefined;
  readonly tags: { Key: string; Value: string }[];
  readonly versions: Record<string, Version>;
  /** What it says itself of who may use it, as it was put. */
  resourcePolicy?: string | undefined;
  changedAtEpochSeconds: number;
  /** When the recovery window of a deleted secret ends. */
  deletionAtEpochSeconds: number | undefined;
}

/**
 * Moves a staging label to a version. A label is on one version at most, and AWSPREVIOUS follows AWSCURRENT: the
 * version that loses the one gains the other
 * (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html).
 */
export function attachStage(secret: Secret, stage: string, versionId: string): void {
  const version = secret.versions[versionId];
  if (version === undefined)
    throw new AwsError(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret version: ${versionId}.`,
    );
  if (version.stages.includes(stage)) return;
  for (const [otherId, other] of Object.entries(secret.versions)) {
    if (!other.stages.includes(stage)) continue;
    other.stages = other.stages.filter((label) => label !== stage);
    if (stage === 'AWSCURRENT') attachStage(secret, 'AWSPREVIOUS', otherId);
  }
  version.stages = [...version.stages, stage];
  if (stage === 'AWSCURRENT') version.stages = version.stages.filter((label) => label !== 'AWSPREVIOUS');
}

/** The version that a reader asks for; without an id or a stage, the current one. */
export function versionOf(
  secret: Secret,
  versionId: string | undefined,
  stage: string | undefined,
): [versionId: string, version: Version] {
  const wantedStage = stage ?? (versionId === undefined ? 'AWSCURRENT' : undefined);
  const found = Object.entries(secret.versions).find(
    ([id, { stages }]) =>
      (versionId === undefined || id === versionId) &&
      (wantedStage === undefined || stages.includes(wantedStage)),
  );
  if (found !== undefined) return found;
  const sought = [
    ...(wantedStage === undefined ? [] : [`staging label: ${wantedStage}`]),
    ...(versionId === undefined ? [] : [`VersionId: ${versionId}`]),
  ].join(' and ');
  throw new AwsError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${sought}`,
  );
}

/** Versions without a label are deprecated and not listed. */
export function stagesOf(secret: Secret): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(secret.versions)
      .filter(([, { stages }]) => stages.length > 0)
      .map(([id, { stages }]) => [id, stages]),
  );
}
