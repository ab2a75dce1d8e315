import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestContext } from '../../../local/iam/conditions.ts';
import { arnPattern, pattern } from '../../../local/iam/patterns.ts';
import { appliesTo, Policy } from '../../../local/iam/policy.ts';

const ACCESS = { action: 'dynamodb:GetItem', resource: 'arn:aws:dynamodb:us-east-1:000000000000:table/T' };

function statement(over: object = {}) {
  const [only] = Policy.parse({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: ACCESS.action, Resource: ACCESS.resource, ...over },
  });
  if (only === undefined) throw new Error('There is one');
  return only;
}

const applies = (over: object, context: RequestContext = {}, access = ACCESS): boolean =>
  appliesTo(statement(over), { ...access, context });

describe('a pattern', () => {
  it('without wildcards matches itself and nothing else', () => {
    const plain = fc.string().filter((text) => !/[*?]/.test(text));
    fc.assert(fc.property(plain, (text) => pattern(text).matches(text)));
    fc.assert(fc.property(plain, plain, (text, other) => pattern(text).matches(other) === (text === other)));
  });

  it('matches with * whatever is in its place, and with ? one character of it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (before, between, after) => {
        const [start, end] = [before, after].map((text) => text.replaceAll(/[*?]/g, ''));
        expect(pattern(`${start}*${end}`).matches(`${start}${between}${end}`)).toBe(true);
        expect(pattern(`${start}?${end}`).matches(`${start}x${end}`)).toBe(true);
        expect(pattern(`${start}?${end}`).matches(`${start}${end}`)).toBe(false);
      }),
    );
  });

  it('of an ARN keeps its wildcards within the parts of the ARN', () => {
    const ofRoutes = arnPattern('arn:aws:execute-api:*:000000000000:api/*/GET/v1/x');
    expect(ofRoutes.matches('arn:aws:execute-api:us-east-1:000000000000:api/$default/GET/v1/x')).toBe(true);
    expect(ofRoutes.matches('arn:aws:execute-api:us-east-1:1:000000000000:api/s/GET/v1/x')).toBe(false);
    expect(arnPattern('arn:aws:*').matches('arn:aws:sns:us-east-1:000000000000:t')).toBe(false);
  });
});

describe('a statement', () => {
  it.each([
    [{ Action: 'DYNAMODB:getitem' }, true],
    [{ Action: 'dynamodb:Get*' }, true],
    [{ Action: ['kms:Sign', 'dynamodb:GetItem'] }, true],
    [{ Action: 'dynamodb:Get' }, false],
    [{ Resource: '*' }, true],
    [{ Resource: 'arn:aws:dynamodb:us-east-1:000000000000:table/t' }, false],
    [{ Resource: 'arn:aws:dynamodb:us-east-1:000000000000:table/T/*' }, false],
  ])('%j speaks of reading an item of the table: %s', (over, expected) => {
    expect(applies(over)).toBe(expected);
  });

  it('speaks of a request only if all its conditions hold', () => {
    const Condition = {
      StringEquals: { 'kms:SigningAlgorithm': ['A', 'B'], 'kms:ViaService': 'dynamodb' },
    };
    expect(applies({ Condition }, { 'kms:SigningAlgorithm': ['B'], 'kms:ViaService': ['dynamodb'] })).toBe(
      true,
    );
    expect(applies({ Condition }, { 'kms:SigningAlgorithm': ['B'] })).toBe(false);
  });

  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
  it.each<[string, string, { present?: string[] }, boolean]>([
    ['StringEquals', 'a', { present: ['a'] }, true],
    ['StringEquals', 'a', { present: ['A'] }, false],
    ['StringEquals', 'a*', { present: ['ab'] }, false],
    ['StringEquals', 'a', {}, false],
    ['StringEqualsIfExists', 'a', {}, true],
    ['StringEqualsIfExists', 'a', { present: ['b'] }, false],
    ['StringNotEquals', 'a', { present: ['b'] }, true],
    ['StringNotEquals', 'a', { present: ['a'] }, false],
    ['StringNotEquals', 'a', {}, true],
    ['StringLike', 'a*', { present: ['ab'] }, true],
    ['StringNotLike', 'a*', { present: ['ab'] }, false],
    ['Null', 'true', {}, true],
    ['Null', 'false', {}, false],
    ['Null', 'true', { present: ['a'] }, false],
    ['Null', 'false', { present: ['a'] }, true],
    ['DateLessThan', '2026-01-02T00:00:00Z', { present: ['2026-01-01T23:59:59Z'] }, true],
    ['DateLessThan', '2026-01-02T00:00:00Z', { present: ['2026-01-02T00:00:00.000Z'] }, false],
    ['DateLessThan', '2026-01-02T00:00:00Z', {}, false],
    ['DateGreaterThanEquals', '1767312000', { present: ['2026-01-02T00:00:00Z'] }, true],
    ['ForAllValues:StringLike', 'a*', { present: ['ab', 'ac'] }, true],
    ['ForAllValues:StringLike', 'a*', { present: ['ab', 'b'] }, false],
    ['ForAllValues:StringLike', 'a*', {}, true],
    ['ForAnyValue:StringLike', 'a*', { present: ['ab', 'b'] }, true],
    ['ForAnyValue:StringLike', 'a*', { present: ['b'] }, false],
    ['ForAnyValue:StringLike', 'a*', {}, false],
    ['ForAnyValue:StringNotEquals', 'a', { present: ['a', 'b'] }, true],
  ])('with %s %s and the key being %j applies: %s', (operator, value, { present }, expected) => {
    const Condition = { [operator]: { 'DynamoDB:leadingkeys': value } };
    expect(applies({ Condition }, present ? { 'dynamodb:LeadingKeys': present } : {})).toBe(expected);
  });

  it.each([
    [
      { Condition: { StringEquals: { 'aws:ResourceTag/grant': 'x' } } },
      'the condition key aws:ResourceTag/grant',
    ],
    [{ Condition: { NumericEquals: { 'aws:SourceArn': '1' } } }, 'the condition operator NumericEquals'],
    [{ Resource: `arn:aws:s3:::b/\${aws:username}` }, 'policy variables'],
  ])('that cannot be judged is refused: %j', (over, complaint) => {
    expect(() => statement(over)).toThrow(`the local runtime does not know ${complaint}`);
  });

  it.each(['NotAction', 'NotResource', 'NotPrincipal'])('with %s is refused', (element) => {
    expect(() => statement({ [element]: 'x' })).toThrow(element);
  });
});
