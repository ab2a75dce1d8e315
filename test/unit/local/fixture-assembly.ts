import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Json, JsonObject } from '../../../local/aws/service.ts';

/** A directory that is gone when the test is over. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-local-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface FixtureStack {
  readonly template: JsonObject;
  readonly dependencies?: readonly string[];
}

/** Writes a cloud assembly as `cdk synth` does: its stacks, and a bundle for each function's code. */
export function writeAssembly(
  stacks: Readonly<Record<string, FixtureStack>>,
  bundles: Readonly<Record<string, string>> = {},
): string {
  const directory = temporaryDirectory();
  const write = (file: string, content: Json): void =>
    writeFileSync(join(directory, file), JSON.stringify(content));
  for (const [name, code] of Object.entries(bundles)) {
    mkdirSync(join(directory, `asset.${name}`));
    writeFileSync(join(directory, `asset.${name}`, 'index.js'), code);
  }
  write('assets.json', {
    files: Object.fromEntries(
      Object.keys(bundles).map((name) => [
        name,
        {
          source: { path: `asset.${name}`, packaging: 'zip' },
          destinations: { local: { objectKey: `${name}.zip` } },
        },
      ]),
    ),
  });
  for (const [name, { template }] of Object.entries(stacks)) {
    const Resources = { ...(template['Resources'] as JsonObject), FixtureRole: fixtureRole };
    write(`${name}.template.json`, { ...template, Resources });
  }
  write('manifest.json', {
    artifacts: {
      ...Object.fromEntries(
        Object.entries(stacks).map(([name, { dependencies = [] }]) => [
          name,
          {
            type: 'aws:cloudformation:stack',
            environment: 'aws://unknown-account/unknown-region',
            properties: { templateFile: `${name}.template.json` },
            dependencies: ['assets', ...dependencies],
          },
        ]),
      ),
      assets: { type: 'cdk:asset-manifest', properties: { file: 'assets.json' } },
    },
  });
  return directory;
}

/** May do everything, for whom a test asks no questions of permission. */
const fixtureRole: JsonObject = {
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { Service: ['lambda.amazonaws.com', 'states.amazonaws.com'] },
        Action: 'sts:AssumeRole',
      },
    },
    Policies: [
      {
        PolicyName: 'Everything',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: { Effect: 'Allow', Action: '*', Resource: '*' },
        },
      },
    ],
  },
};

/** Its ARN, in the template that it is used in. */
export const fixtureRoleArn: JsonObject = { 'Fn::GetAtt': ['FixtureRole', 'Arn'] };

/** A function of a template, with its code in the bundle of the same name. */
export function functionResource(name: string, properties: JsonObject = {}): JsonObject {
  return {
    Type: 'AWS::Lambda::Function',
    Metadata: { 'aws:cdk:path': `Fixture/${name}/Function/Resource` },
    Properties: {
      Code: { S3Bucket: 'assets', S3Key: `${name}.zip` },
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Role: fixtureRoleArn,
      ...properties,
    },
  };
}
