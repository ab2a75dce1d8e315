import { z } from 'zod';
import { type Condition, condition, type RequestContext } from './conditions.ts';
import { type Pattern, pattern } from './patterns.ts';

/** One statement, ready to be compared with requests. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny';
  /** Whom a resource's policy speaks of; undefined in a role's own policies. */
  readonly principals: readonly PolicyPrincipal[] | undefined;
  readonly actions: readonly Pattern[];
  /** Undefined where the statement speaks of whatever it is attached to: in a trust policy. */
  readonly resources: readonly Pattern[] | undefined;
  /** All of them must hold. */
  readonly conditions: readonly Condition[];
  /** The partition keys that the conditions speak of, for the report of what was used. */
  readonly leadingKeys: readonly Pattern[];
}

/** An account is named by its `root`: it decides, by its own policies, who of it is meant. */
export type PolicyPrincipal =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'aws'; readonly arn: string }
  | { readonly kind: 'service'; readonly name: string };

const oneOrMore = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((given) => (Array.isArray(given) ? given : [given]), z.array(item));

/** Policy variables would have to be replaced for each request. */
const text = z.string().refine((value) => !value.includes('${'), {
  message: 'the local runtime does not know policy variables',
});

const PolicyPrincipals = z.union([
  z.literal('*').transform((): PolicyPrincipal[] => [{ kind: 'anyone' }]),
  z
    .strictObject({ AWS: oneOrMore(text).default([]), Service: oneOrMore(text).default([]) })
    .transform(({ AWS, Service }): PolicyPrincipal[] => [
      ...AWS.map((arn): PolicyPrincipal => {
        if (arn === '*') return { kind: 'anyone' };
        return { kind: 'aws', arn: /^\d{12}$/.test(arn) ? `arn:aws:iam::${arn}:root` : arn };
      }),
      ...Service.map((name): PolicyPrincipal => ({ kind: 'service', name })),
    ]),
]);

const StatementSchema = z
  .strictObject({
    Sid: z.string().optional(),
    Effect: z.enum(['Allow', 'Deny']),
    Principal: PolicyPrincipals.optional(),
    Action: oneOrMore(text),
    Resource: oneOrMore(text).optional(),
    Condition: z
      .record(z.string(), z.record(z.string(), oneOrMore(z.union([text, z.boolean()]).transform(String))))
      .default({}),
  })
  .transform(({ Effect, Principal, Action, Resource, Condition }, refinement): Statement => {
    const conditions: Condition[] = [];
    const leadingKeys: Pattern[] = [];
    for (const [operator, keys] of Object.entries(Condition))
      for (const [key, values] of Object.entries(keys)) {
        try {
          conditions.push(condition(operator, key, values));
        } catch (error) {
          refinement.addIssue({ code: 'custom', message: (error as Error).message, path: ['Condition'] });
        }
        if (key === 'dynamodb:LeadingKeys' && operator !== 'Null')
          leadingKeys.push(...values.map((value) => pattern(value)));
      }
    return {
      effect: Effect,
      principals: Principal,
      actions: Action.map((action) => pattern(action, { ignoreCase: true })),
      resources: Resource?.map((resource) => pattern(resource)),
      conditions,
      leadingKeys,
    };
  });

/**
 * A policy of IAM (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html). What the
 * runtime cannot judge (NotAction, NotResource, NotPrincipal, variables, other operators and keys) is refused.
 */
export const Policy = z
  .strictObject({
    // They differ in policy variables only, which are refused; without one it is the older.
    Version: z.enum(['2008-10-17', '2012-10-17']).default('2008-10-17'),
    Id: z.string().optional(),
    Statement: oneOrMore(StatementSchema),
  })
  .transform(({ Statement }): readonly Statement[] => Statement);
export type Policy = z.output<typeof Policy>;

/** What someone wants to do to one resource. */
export interface Access {
  /** As policies name it: `dynamodb:GetItem`. */
  readonly action: string;
  /** Its ARN, or `*` where the action has none. */
  readonly resource: string;
  readonly context: RequestContext;
  /** What the resource itself says of who may use it, where its service keeps that. */
  readonly resourcePolicy?: Policy | undefined;
}

/** What invoking a function is, for whoever does it. */
export function invocationOf(functionArn: string): Access {
  return { action: 'lambda:InvokeFunction', resource: functionArn, context: {} };
}

/** Whether the statement speaks of this access, whoever wants it. */
export function appliesTo(statement: Statement, { action, resource, context }: Access): boolean {
  return (
    statement.actions.some(({ matches }) => matches(action)) &&
    (statement.resources?.some(({ matches }) => matches(resource)) ?? true) &&
    statement.conditions.every((holds) => holds(context))
  );
}
