// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Fn::Sub has placeholders of its own.
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../local/aws/service.ts';
import type { Template } from '../../../local/cloud-assembly.ts';
import { type References, resolve } from '../../../local/intrinsics.ts';

const template: Template = {
  Resources: {},
  Conditions: {
    IsProduction: { 'Fn::Equals': [{ Ref: 'Stage' }, 'production'] },
    IsQuiet: { 'Fn::Not': [{ Condition: 'IsProduction' }] },
    IsEither: { 'Fn::Or': [{ Condition: 'IsProduction' }, { Condition: 'IsQuiet' }] },
    IsBoth: { 'Fn::And': [{ Condition: 'IsProduction' }, { Condition: 'IsQuiet' }] },
  },
  Parameters: {
    Stage: { Type: 'String', Default: 'test' },
    BootstrapVersion: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk-bootstrap/version' },
  },
  Mappings: { Sizes: { test: { memory: 128 } } },
};

const references: References = {
  ref: (name) => ({ Table: 'grants', 'AWS::Region': 'eu-west-1' })[name],
  attribute: (logicalId, attribute) => `${logicalId}/${attribute}`,
  importValue: (exportName) => `imported ${exportName}`,
};

const resolved = (value: Json) => resolve(value, template, references, 'Stack/Thing');

describe('resolve', () => {
  it.each<[Json, Json]>([
    ['plain', 'plain'],
    [{ Ref: 'Table' }, 'grants'],
    [{ Ref: 'Stage' }, 'test'],
    [{ 'Fn::GetAtt': ['Table', 'Arn'] }, 'Table/Arn'],
    [{ 'Fn::GetAtt': 'Table.Stream.Arn' }, 'Table/Stream.Arn'],
    [
      { 'Fn::Sub': 'a-${Table}-${Key.Arn}-${AWS::Region}-${!Literal}' },
      'a-grants-Key/Arn-eu-west-1-${Literal}',
    ],
    [{ 'Fn::Sub': ['${Name}/${Table}', { Name: { Ref: 'Stage' } }] }, 'test/grants'],
    [{ 'Fn::Join': ['-', ['a', { Ref: 'Table' }, 1]] }, 'a-grants-1'],
    [{ 'Fn::Select': [1, ['a', 'b']] }, 'b'],
    [{ 'Fn::Select': ['0', { 'Fn::Split': [':', 'a:b'] }] }, 'a'],
    [{ 'Fn::ImportValue': { 'Fn::Sub': '${Stage}-key' } }, 'imported test-key'],
    [{ 'Fn::FindInMap': ['Sizes', { Ref: 'Stage' }, 'memory'] }, 128],
    [{ 'Fn::If': ['IsProduction', 'loud', 'quiet'] }, 'quiet'],
    [{ 'Fn::If': ['IsEither', 'one', 'none'] }, 'one'],
    [{ 'Fn::If': ['IsBoth', 'both', 'not both'] }, 'not both'],
    [{ kept: 1, dropped: { Ref: 'AWS::NoValue' } }, { kept: 1 }],
    [['kept', { Ref: 'AWS::NoValue' }], ['kept']],
    [
      { Ref: 'Table', Other: 1 },
      { Ref: 'Table', Other: 1 },
    ],
  ])('makes of %j', (value, expected) => {
    expect(resolved(value)).toEqual(expected);
  });

  it.each<[Json, string]>([
    [
      { 'Fn::Cidr': ['10.0.0.0/16', 2, 8] },
      'Stack/Thing: the local runtime does not know the intrinsic function Fn::Cidr',
    ],
    [{ Ref: 'Absent' }, 'Stack/Thing: Ref to Absent, which the template has not'],
    [
      { Ref: 'BootstrapVersion' },
      'Stack/Thing: there is no parameter store for the parameter BootstrapVersion',
    ],
    [{ 'Fn::If': ['Absent', 1, 2] }, 'Stack/Thing: there is no condition Absent'],
    [
      '{{resolve:ssm:name}}',
      'Stack/Thing: dynamic references are not supported by the local runtime: {{resolve:ssm:name}}',
    ],
  ])('refuses %j', (value, message) => {
    expect(() => resolved({ deep: [value] })).toThrow(message);
  });
});
