import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll } from 'vitest';
import { functionNames } from '../../cdk/functions.ts';
import { defineStacks, newApp } from '../../cdk/synthesize.ts';
import { type Deployment, DeploymentSchema } from '../../lambdas/platform/deployment.ts';
import fixture from '../support/deployment.fixture.json' with { type: 'json' };

const deployment = DeploymentSchema.parse(fixture);

export const deploymentFixture = join(import.meta.dirname, '../support/deployment.fixture.json');

/** A directory that is gone after the file's tests. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-test-'));
  afterAll(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** The app and its two stacks, around functions without code. */
export function stacks(context: Readonly<Record<string, string>> = {}, more: Partial<Deployment> = {}) {
  const bundles = temporaryDirectory();
  for (const name of functionNames) mkdirSync(join(bundles, name));
  const app = newApp(temporaryDirectory());
  for (const [key, value] of Object.entries(context)) app.node.setContext(key, value);
  return { app, ...defineStacks(app, { bundles, deployment: { ...deployment, ...more } }) };
}

/** The templates of both stacks. */
export function templates(
  context?: Readonly<Record<string, string>>,
  more?: Partial<Deployment>,
): {
  state: Template;
  controlPlane: Template;
} {
  const { state, controlPlane } = stacks(context, more);
  return { state: Template.fromStack(state), controlPlane: Template.fromStack(controlPlane) };
}

/** What the tests read of a resource. */
export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template's properties have no type
  readonly Properties: any;
  readonly DeletionPolicy?: string;
  readonly Metadata: { readonly 'aws:cdk:path': string };
}

/** The resources of one type, or all, by logical id. */
export function resources(template: Template, type?: string): [logicalId: string, resource: Resource][] {
  const all: Record<string, Resource> = template.toJSON()['Resources'];
  return Object.entries(all).filter(([, resource]) => type === undefined || resource.Type === type);
}

/** `SallyportControlPlane/MintCredential/Function/Resource` → `MintCredential/Function`. */
export function constructName({ Metadata }: Resource): string {
  return Metadata['aws:cdk:path']
    .split('/')
    .slice(1)
    .filter((part) => part !== 'Resource')
    .join('/');
}

/** What a value of a template leads to: a resource, and the attribute of it that the value is. */
export interface Referent {
  readonly resource: Resource;
  /** `Ref` if it is what `Ref` gives. */
  readonly attribute: string;
}

/**
 * Follows a `Ref`, an `Fn::GetAtt` or an `Fn::ImportValue` to its resource, in whichever of the templates it
 * is; undefined for any other value.
 */
export function referentOf(value: unknown, all: readonly Template[]): Referent | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const [[intrinsic, argument] = ['', undefined]] = Object.entries(value);
  if (intrinsic === 'Fn::ImportValue') {
    const outputs = all.flatMap((template) => Object.values(template.findOutputs('*')));
    return referentOf(outputs.find((output) => output['Export']?.Name === argument)?.['Value'], all);
  }
  const [logicalId, attribute] =
    intrinsic === 'Ref' ? [argument, 'Ref'] : intrinsic === 'Fn::GetAtt' ? argument : [];
  const resource = all.flatMap((template) => resources(template)).find(([id]) => id === logicalId)?.[1];
  return resource && { resource, attribute };
}

/** One statement of a policy, its actions and resources as lists. */
export interface Statement {
  readonly where: string;
  readonly sid: string;
  readonly actions: readonly string[];
  readonly resources: readonly unknown[];
  readonly principal?: unknown;
  readonly condition?: Readonly<Record<string, Record<string, unknown>>>;
}

/** Every statement of every policy in a template: of roles, of trust, of keys. */
export function statements(template: Template): Statement[] {
  return resources(template).flatMap(([, { Type, Properties, Metadata }]) => {
    const documents =
      Type === 'AWS::IAM::Role'
        ? [Properties.AssumeRolePolicyDocument, ...(Properties.Policies ?? []).map(documentOf)]
        : [Properties?.PolicyDocument, Properties?.KeyPolicy, Properties?.ResourcePolicy].filter(Boolean);
    return documents.flatMap((document) =>
      document.Statement.map((statement: Record<string, unknown>) =>
        statementFrom(Metadata['aws:cdk:path'], statement),
      ),
    );
  });
}

/** Throws if it says what no test would see: what is denied, or allowed by what is not named. */
function statementFrom(
  where: string,
  { Sid = '', Effect, Action, Resource = [], Principal, Condition, ...unread }: Record<string, unknown>,
): Statement {
  if (Effect !== 'Allow' || Action === undefined || Object.keys(unread).length > 0)
    throw new Error(`${where} has a statement that the tests do not read: ${Sid}`);
  return {
    where,
    sid: String(Sid),
    actions: [Action].flat() as string[],
    resources: [Resource].flat(),
    ...(Principal !== undefined && { principal: Principal }),
    ...(Condition !== undefined && { condition: Condition as Statement['condition'] & {} }),
  };
}

function documentOf(policy: { readonly PolicyDocument: unknown }): unknown {
  return policy.PolicyDocument;
}
