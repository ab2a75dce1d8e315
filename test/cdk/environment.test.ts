import { expect, test } from 'vitest';
import { constructName, referentOf, resources, templates } from './templates.ts';

const { state, controlPlane } = templates();
const both = [state, controlPlane];

/** What a variable may be told of a resource: its id, its ARN or its address. */
const tellable = [
  'AWS::ApiGatewayV2::Api ApiEndpoint',
  'AWS::DynamoDB::Table Ref',
  'AWS::KMS::Key Arn',
  // The ARN; the secret's value has no attribute.
  'AWS::SecretsManager::Secret Ref',
];

const secretShapes: Readonly<Record<string, RegExp>> = {
  'a private key': /-----BEGIN/,
  'a JSON Web Token': /eyJ[\w-]+\.eyJ/,
  'an access key of AWS': /\b(AKIA|ASIA)[0-9A-Z]{16}\b/,
  'a password in a URL': /\/\/[^/@]+:[^/@]+@/,
};

/** Shannon's entropy, in bits for each character. */
function entropyOf(word: string): number {
  const counts = [...new Set(word)].map((character) => word.split(character).length - 1);
  return -counts.reduce((sum, count) => sum + (count / word.length) * Math.log2(count / word.length), 0);
}

/** Digits among letters, long, and few of them twice: nobody has thought of such a word. */
function isRandom(word: string): boolean {
  return word.length >= 16 && /\d/.test(word) && /[a-z]/i.test(word) && entropyOf(word) > 3;
}

function secretInText(text: string): string | undefined {
  if (text.includes('{{resolve:')) return 'what CloudFormation resolves';
  const [shape] = Object.entries(secretShapes).find(([, pattern]) => pattern.test(text)) ?? [];
  return shape ?? (text.split(/[^\w+=-]/).some(isRandom) ? 'a random word' : undefined);
}

/** What of a variable is secret or could be; undefined if it tells an id, an ARN, an address or plain words. */
function secretIn(name: string, value: unknown): string | undefined {
  if (/SECRET|PASSWORD|TOKEN|KEY|CREDENTIAL/.test(name) && !/_(ID|ARN|NAME|URL)$/.test(name))
    return 'what its name says';
  if (typeof value === 'string') return secretInText(value);
  const { 'Fn::Join': [, parts] = ['', undefined], Ref: parameter } = value as {
    'Fn::Join'?: [string, unknown[]];
    Ref?: string;
  };
  if (parts !== undefined) return parts.map((part) => secretIn(name, part)).find(Boolean);
  if (parameter?.startsWith('AWS::')) return undefined;
  const referent = referentOf(value, both);
  const told = referent ? `${referent.resource.Type} ${referent.attribute}` : JSON.stringify(value);
  return tellable.includes(told) ? undefined : told;
}

test('no function is told a secret: its variables hold ids, ARNs, addresses and plain words', () => {
  const functions = resources(controlPlane, 'AWS::Lambda::Function');
  expect(functions).not.toEqual([]);
  for (const [, resource] of functions)
    for (const [name, value] of Object.entries(resource.Properties.Environment.Variables))
      expect(secretIn(name, value), `${name} of ${constructName(resource)}`).toBeUndefined();
});

test('no template has CloudFormation resolve a secret', () => {
  for (const template of both) expect(JSON.stringify(template.toJSON())).not.toContain('{{resolve:');
});

test.for([
  ['DERIVATION_SECRET', 'sallyport', 'what its name says'],
  ['API_TOKEN', { Ref: 'AWS::Region' }, 'what its name says'],
  ['ISSUER', '{{resolve:secretsmanager:cursor:SecretString}}', 'what CloudFormation resolves'],
  [
    'ISSUER',
    { 'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: 'AWS::Region' }, '}}']] },
    'what CloudFormation resolves',
  ],
  ['ISSUER', 'https://reader:letmein@example.com', 'a password in a URL'],
  ['ISSUER', '-----BEGIN PRIVATE KEY-----', 'a private key'],
  ['ISSUER', 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln', 'a JSON Web Token'],
  ['ISSUER', 'AKIAIOSFODNN7EXAMPLE', 'an access key of AWS'],
  ['ISSUER', '9f86d081884c7d659a2feaa0c55ad015', 'a random word'],
  ['ISSUER', 'q8Zr+T1xWvLk0bNsYh3u', 'a random word'],
  ['ISSUER', { 'Fn::GetAtt': ['Rotation', 'SecretValue'] }, '{"Fn::GetAtt":["Rotation","SecretValue"]}'],
  ['TABLE_NAME', { Ref: 'SomeParameter' }, '{"Ref":"SomeParameter"}'],
] as const)('%s as %j would be noticed: %s', ([name, value, noticed]) => {
  expect(secretIn(name, value)).toBe(noticed);
});
