import { expect, test } from 'vitest';
import {
  constructName,
  type Resource,
  referentOf,
  resources,
  type Statement,
  statements,
  templates,
} from './templates.ts';

const { state, controlPlane } = templates();
const both = [state, controlPlane];
const everyStatement = both.flatMap((template) => statements(template));
const everyRole = both.flatMap((template) => resources(template, 'AWS::IAM::Role'));

/** As a reader knows it: by the name of its construct, or by what of its ARN is not the same for all. */
function named(value: unknown): string {
  if (typeof value === 'string') return value;
  const referent = referentOf(value, both);
  if (referent) return constructName(referent.resource).replace(/\/Function$/, '');
  const { 'Fn::Join': join, Ref: parameter } = value as { 'Fn::Join'?: [string, unknown[]]; Ref?: string };
  if (join)
    return join[1]
      .map(named)
      .join(join[0])
      .replace(/^arn:<Partition>:\w+:(<Region>)?:<AccountId>:/, '');
  if (parameter?.startsWith('AWS::')) return parameter.replace(/^AWS::(.*)$/, '<$1>');
  throw new Error(`The permissions have no name for ${JSON.stringify(value)}`);
}

function namesOf(values: unknown): string {
  return [values].flat().map(named).sort().join(', ');
}

function conditionsOf({ condition = {} }: Statement): string {
  return Object.entries(condition)
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => `${operator} ${key} ${namesOf(values)}`),
    )
    .sort()
    .join('; ');
}

function principalsOf({ principal = {} }: Statement): string {
  return Object.entries(principal as object)
    .map(([kind, names]) => `${kind} ${namesOf(names)}`)
    .sort()
    .join('; ');
}

/** What stands in a role, and in the policies that are attached to it. */
function statementsOf([logicalId, role]: [string, Resource]): Statement[] {
  const attached = both
    .flatMap((template) => resources(template))
    .filter(([, { Properties }]) => JSON.stringify(Properties?.Roles ?? []).includes(`"${logicalId}"`));
  const paths = [role, ...attached.map(([, policy]) => policy)].map(
    ({ Metadata }) => Metadata['aws:cdk:path'],
  );
  return everyStatement.filter(({ where, principal }) => paths.includes(where) && principal === undefined);
}

/** Rows as a Markdown table, in an order that depends on nothing but what they say. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const lines = rows.map((cells) => line(cells.map((cell) => cell && `\`${cell}\``))).sort();
  return [line(head), line(head.map(() => '---')), ...lines].join('\n');
}

const nameOfRole = (path: string): string => path.split('/').slice(1, -2).join('/');

test('a role may do what is written down, and nothing else', async () => {
  const trust = everyStatement.filter(({ actions }) => actions.includes('sts:AssumeRole'));
  const letIn = everyStatement.filter((one) => one.principal !== undefined && !trust.includes(one));
  const document = [
    '# Permissions',
    'Read from the synthesised templates by `test/cdk/permissions.test.ts`. A change of what a role may do is a ' +
      'change of this file: `npx vitest run test/cdk/permissions.test.ts --update` writes it.',
    '## What a role may do',
    table(
      ['role', 'actions', 'resources', 'conditions'],
      everyRole.flatMap((role) =>
        statementsOf(role).map((one) => [
          nameOfRole(role[1].Metadata['aws:cdk:path']),
          namesOf(one.actions),
          namesOf(one.resources),
          conditionsOf(one),
        ]),
      ),
    ),
    '## Who may take a role',
    table(
      ['role', 'who', 'conditions'],
      trust.map((one) => [nameOfRole(one.where), principalsOf(one), conditionsOf(one)]),
    ),
    '## Whom a resource lets in',
    table(
      ['resource', 'who', 'actions', 'conditions'],
      letIn.map((one) => [
        one.where.split('/').slice(1, -1).join('/'),
        principalsOf(one),
        namesOf(one.actions),
        conditionsOf(one),
      ]),
    ),
  ].join('\n\n');
  await expect(`${document}\n`).toMatchFileSnapshot('../../docs/permissions.md');
});
