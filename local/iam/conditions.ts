import { arnPattern, type Pattern, pattern } from './patterns.ts';

/** The values of each condition key of a request. A key without a value is absent. */
export type RequestContext = { readonly [Key in ConditionKey]?: readonly string[] };

/** Whether a request's context meets it. */
export type Condition = (context: RequestContext) => boolean;

/**
 * The keys that the runtime fills in. A policy with another one is refused: the key would be absent here and
 * present on AWS.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export const CONDITION_KEYS = [
  'aws:PrincipalAccount',
  'aws:PrincipalArn',
  'aws:RequestedRegion',
  'aws:SourceAccount',
  'aws:SourceArn',
  'dynamodb:LeadingKeys',
  'kms:CallerAccount',
  'kms:MacAlgorithm',
  'kms:SigningAlgorithm',
  'kms:ViaService',
] as const;
const ENCRYPTION_CONTEXT = 'kms:EncryptionContext:';
export type ConditionKey = (typeof CONDITION_KEYS)[number] | `${typeof ENCRYPTION_CONTEXT}${string}`;

interface Operator {
  readonly matcher: (expected: string) => Pattern['matches'];
  readonly negated: boolean;
}

const equal: Operator['matcher'] = (expected) => (value) => value === expected;
const like: Operator['matcher'] = (expected) => pattern(expected).matches;
const arnLike: Operator['matcher'] = (expected) => arnPattern(expected).matches;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: { matcher: equal, negated: false },
  StringNotEquals: { matcher: equal, negated: true },
  StringLike: { matcher: like, negated: false },
  StringNotLike: { matcher: like, negated: true },
  ArnEquals: { matcher: arnLike, negated: false },
  ArnNotEquals: { matcher: arnLike, negated: true },
  ArnLike: { matcher: arnLike, negated: false },
  ArnNotLike: { matcher: arnLike, negated: true },
};

/** Keys are compared without case, but for the names within an encryption context. */
function conditionKey(text: string): ConditionKey {
  if (text.startsWith(ENCRYPTION_CONTEXT)) return text as ConditionKey;
  const key = CONDITION_KEYS.find((known) => known.toLowerCase() === text.toLowerCase());
  if (key === undefined) throw new Error(`the local runtime does not know the condition key ${text}`);
  return key;
}

/**
 * One line of a `Condition` block: `{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["GRANT#*"]}}`. Throws
 * where the runtime does not know the operator or the key.
 */
export function condition(operatorText: string, keyText: string, expected: readonly string[]): Condition {
  const key = conditionKey(keyText);
  if (operatorText === 'Null') {
    return (context) => expected.includes(String(context[key] === undefined));
  }
  const [, quantifier, name = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operatorText) ?? [];
  const operator = OPERATORS[name];
  if (operator === undefined)
    throw new Error(`the local runtime does not know the condition operator ${operatorText}`);
  const matchers = expected.map(operator.matcher);
  const holdsFor = (value: string): boolean =>
    matchers.some((matches) => matches(value)) !== operator.negated;
  return (context) => {
    const values = context[key];
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-key-or-value-conditions.html
    if (values === undefined)
      return ifExists !== undefined || quantifier === 'ForAllValues' || (!quantifier && operator.negated);
    return quantifier === 'ForAllValues' ? values.every(holdsFor) : values.some(holdsFor);
  };
}
