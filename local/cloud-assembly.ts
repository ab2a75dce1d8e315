import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Json, JsonObject } from './aws/service.ts';

/** A CloudFormation template, as far as the runtime reads it. */
export interface Template {
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, { Value: Json; Export?: { Name: Json }; Condition?: string }>>;
  readonly Conditions?: Readonly<Record<string, Json>>;
  readonly Parameters?: Readonly<Record<string, { Type: string; Default?: string }>>;
  readonly Mappings?: Readonly<Record<string, Record<string, Record<string, Json>>>>;
}

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: JsonObject;
  readonly Condition?: string;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

export interface Stack {
  readonly name: string;
  readonly template: Template;
  readonly accountId: string;
  readonly region: string;
  /** Where an asset that the template names by its S3 object key lies on this machine. */
  readonly assets: ReadonlyMap<string, string>;
}

/** What a stack without a concrete environment is given. */
const LOCAL_ACCOUNT_ID = '000000000000';
const LOCAL_REGION = 'us-east-1';

/** https://github.com/aws/aws-cdk-cli/blob/main/packages/@aws-cdk/cloud-assembly-schema/lib/cloud-assembly/schema.ts */
const Manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      environment: z.string().optional(),
      dependencies: z.array(z.string()).default([]),
      properties: z
        .object({
          templateFile: z.string().optional(),
          stackName: z.string().optional(),
          file: z.string().optional(),
        })
        .default({}),
    }),
  ),
});

const AssetManifest = z.object({
  files: z
    .record(
      z.string(),
      z.object({
        source: z.object({ path: z.string() }),
        destinations: z.record(z.string(), z.object({ objectKey: z.string() })),
      }),
    )
    .default({}),
});

/** Reads the stacks of a synthesised CDK app, each after those that it depends on. */
export function readCloudAssembly(directory: string): Stack[] {
  const read = (file: string): unknown => JSON.parse(readFileSync(join(directory, file), 'utf8'));
  const { artifacts } = Manifest.parse(read('manifest.json'));
  const stacks = new Map<string, Stack>();
  const assets = new Map<string, string>();

  const visit = (artifactId: string): void => {
    const artifact = artifacts[artifactId];
    if (artifact === undefined || stacks.has(artifactId)) return;
    artifact.dependencies.forEach(visit);
    const { file, stackName, templateFile } = artifact.properties;
    if (artifact.type === 'cdk:cloud-assembly')
      throw new Error(`${artifactId}: the local runtime does not read nested cloud assemblies (CDK stages)`);
    if (artifact.type === 'cdk:asset-manifest' && file !== undefined) {
      for (const { source, destinations } of Object.values(AssetManifest.parse(read(file)).files))
        for (const { objectKey } of Object.values(destinations))
          assets.set(objectKey, join(directory, source.path));
    }
    if (artifact.type === 'aws:cloudformation:stack' && templateFile !== undefined) {
      const [accountId, region] = (artifact.environment ?? '').replace('aws://', '').split('/');
      stacks.set(artifactId, {
        name: stackName ?? artifactId,
        template: read(templateFile) as Template,
        accountId: accountId && /^\d{12}$/.test(accountId) ? accountId : LOCAL_ACCOUNT_ID,
        region: region && region !== 'unknown-region' ? region : LOCAL_REGION,
        assets,
      });
    }
  };
  Object.keys(artifacts).forEach(visit);
  return [...stacks.values()];
}
