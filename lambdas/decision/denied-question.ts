import canonicalize from 'canonicalize';
import * as z from 'zod';
import { RequestedResource } from './requested-resource.ts';

/** For how long a denial that an approval would turn into a permit can be followed to a request. */
export const DENIAL_SECONDS = 600;

const Named = z.object({ type: z.string(), id: z.string() });

/** What was asked and denied: all that a request which follows from it must repeat. */
const DeniedQuestion = z.object({
  subject: Named,
  /** Who acts for the subject, nearest first. */
  actors: z.array(Named),
  action: z.string(),
  /** Its properties, as far as policies look at them and an enforcement point said them. */
  resource: RequestedResource,
  /** What an enforcement point said of the circumstances, as far as policies look at it. */
  context: z.record(z.string(), z.json()).optional(),
});
export type DeniedQuestion = z.infer<typeof DeniedQuestion>;

/** A denied question, when it was denied (`id`), and until when it can be followed. */
export const BoundDenial = DeniedQuestion.extend({ id: z.string(), expiresAtEpochSeconds: z.int() });
export type BoundDenial = z.infer<typeof BoundDenial>;

/** Compared as the profile compares: by value, whatever the order of members (RFC 8785). */
export function isSameQuestion(one: DeniedQuestion, other: DeniedQuestion): boolean {
  return canonicalQuestion(one) === canonicalQuestion(other);
}

function canonicalQuestion({ subject, actors, action, resource, context }: DeniedQuestion): string {
  return canonicalize({ subject, actors, action, resource, context }) ?? '';
}

/** The members of these names, where anything of it was said. */
export function membersOf(
  said: Readonly<Record<string, unknown>> | undefined,
  names: readonly string[],
): Record<string, z.core.util.JSONType> | undefined {
  const members = Object.entries(said ?? {}).filter(([name]) => names.includes(name));
  return members.length === 0
    ? undefined
    : (Object.fromEntries(members) as Record<string, z.core.util.JSONType>);
}
