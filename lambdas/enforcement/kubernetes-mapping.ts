import * as z from 'zod';
import type { EvaluationBody } from '../decision/authzen.routes.ts';
import { PrincipalKind } from '../verification/principal.ts';
import { PathPattern, pathParts, segmentsOf } from './http-mapping.ts';
import { isFilledBy, type Mapped, Meaning, meant, NOT_CAPTURED } from './meaning.ts';
import { fill, match, matchAll, Pattern, placeholdersIn, Template } from './pattern.ts';
import { pathSegments } from './request-path.ts';

/** The users of a cluster that are one kind of principal: `oidc:{id}`, `system:serviceaccount:shop:{name}`. */
const UserRule = z
  .strictObject({
    user: Pattern.min(1),
    subject: z.strictObject({ type: PrincipalKind, id: Template }),
  })
  .refine(
    ({ user, subject }) => placeholdersIn(subject.id).every((name) => placeholdersIn(user).includes(name)),
    { error: NOT_CAPTURED.message },
  );

/** The requests for objects that mean one thing, as an RBAC rule would name them. */
const ResourceRule = z
  .strictObject({
    verbs: z.array(Pattern.min(1)).min(1),
    /** The API group; empty for the core's. */
    group: Pattern,
    /** With its subresource: `pods`, `pods/exec`. `*` is every one of both. */
    resource: Pattern.min(1),
    /** Empty for what lies in no namespace, and for what is asked of all at once. */
    namespace: Pattern,
    name: Pattern.default('*'),
    means: Meaning,
  })
  .refine(
    (rule) =>
      isFilledBy(rule.means, [...always(rule.verbs), rule.group, rule.resource, rule.namespace, rule.name]),
    { error: NOT_CAPTURED.message },
  );

/** The requests to other paths than those of objects that mean one thing: `/metrics`. */
const PathRule = z
  .strictObject({ verbs: z.array(Pattern.min(1)).min(1), path: PathPattern, means: Meaning })
  .refine((rule) => isFilledBy(rule.means, [...always(rule.verbs), ...segmentsOf(rule.path)]), {
    error: NOT_CAPTURED.message,
  });

/** One that stands for all captures nothing unless it stands alone. */
const always = (patterns: readonly string[]) => (patterns.length === 1 ? patterns : []);

/** What the requests to one cluster mean. */
export const Cluster = z.strictObject({
  /** The principal that the cluster's API server asks as. */
  askedBy: z.string().min(1),
  users: z.array(UserRule).min(1),
  resources: z.array(ResourceRule).default([]),
  paths: z.array(PathRule).default([]),
});
export type Cluster = z.infer<typeof Cluster>;

/** What is asked about an object; what a request leaves out is empty. */
export interface ObjectAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface PathAttributes {
  readonly verb: string;
  readonly path: string;
}

/**
 * Whom a cluster's user is in our directory. The cluster's own (`system:`) are nobody's unless a rule names that
 * beginning itself.
 */
export function mapUser(
  rules: Cluster['users'],
  user: string,
): EvaluationBody['subject'] | 'unmapped' | 'ambiguous' {
  for (const rule of rules) {
    if (user.startsWith('system:') && !rule.user.startsWith('system:')) continue;
    const captures = match(rule.user, user);
    if (captures === undefined) continue;
    const id = fill(rule.subject.id, captures);
    return id === undefined ? 'ambiguous' : { type: rule.subject.type, id };
  }
  return 'unmapped';
}

/** What a request for an object means. The version of the API does not count, as it does not for RBAC. */
export function mapObject(rules: Cluster['resources'], asked: ObjectAttributes): Mapped {
  const resource = asked.subresource === '' ? asked.resource : `${asked.resource}/${asked.subresource}`;
  for (const rule of rules)
    for (const verb of rule.verbs) {
      const captures = matchAll([
        [verb, asked.verb],
        [rule.group, asked.group],
        [rule.resource, resource],
        [rule.namespace, asked.namespace],
        [rule.name, asked.name],
      ]);
      if (captures !== undefined) return meant(rule.means, captures);
    }
  return 'unmapped';
}

/** What a request to another path means; the API server has decoded it. */
export function mapPath(rules: Cluster['paths'], asked: PathAttributes): Mapped {
  const segments = pathSegments(asked.path, 'decoded');
  if (segments === undefined) return 'ambiguous';
  for (const rule of rules) {
    const parts = pathParts(rule.path, segments);
    if (parts === undefined) continue;
    for (const verb of rule.verbs) {
      const captures = matchAll([[verb, asked.verb], ...parts]);
      if (captures !== undefined) return meant(rule.means, captures);
    }
  }
  return 'unmapped';
}
