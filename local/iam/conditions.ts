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
  'aws:SourceIdentity',
  'aws:TagKeys',
  'aws:TokenIssueTime',
  'dynamodb:LeadingKeys',
  'kms:CallerAccount',
  'kms:MacAlgorithm',
  'kms:SigningAlgorithm',
  'kms:ViaService',
  'sts:ExternalId',
  'sts:RoleSessionName',
  'sts:SourceIdentity',
] as const;
/** Keys that are many: the rest of each is a name of the policy's own. */
const KEY_FAMILIES = ['aws:PrincipalTag/', 'aws:RequestTag/', 'kms:EncryptionContext:'] as const;
export type ConditionKey = (typeof CONDITION_KEYS)[number] | `${(typeof KEY_FAMILIES)[number]}${string}`;

interface Operator {
  readonly matcher: (expected: string) => Pattern['matches'];
  readonly negated: boolean;
}

const equal: Operator['matcher'] = (expected) => (value) => value === expected;
const like: Operator['matcher'] = (expected) => pattern(expected).matches;
const arnLike: Operator['matcher'] = (expected) => arnPattern(expected).matches;
const date =
  (holds: (actual: number, expected: number) => boolean): Operator['matcher'] =>
  (expected) => {
    const then = instant(expected);
    if (Number.isNaN(then)) throw new Error(`${expected} is not a date`);
    return (value) => holds(instant(value), then);
  };

/** ISO 8601, or seconds since 1970. */
function instant(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

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
  DateEquals: { matcher: date((actual, expected) => actual === expected), negated: false },
  DateNotEquals: { matcher: date((actual, expected) => actual === expected), negated: true },
  DateLessThan: { matcher: date((actual, expected) => actual < expected), negated: false },
  DateLessThanEquals: { matcher: date((actual, expected) => actual <= expected), negated: false },
  DateGreaterThan: { matcher: date((actual, expected) => actual > expected), negated: false },
  DateGreaterThanEquals: { matcher: date((actual, expected) => actual >= expected), negated: false },
};

/** Keys are compared without case, but for the names of tags and within an encryption context. */
function conditionKey(text: string): ConditionKey {
  if (KEY_FAMILIES.some((family) => text.startsWith(family))) return text as ConditionKey;
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
