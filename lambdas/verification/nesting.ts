import * as z from 'zod';
import type { EntityType } from '../platform/entity.ts';

/**
 * Which groups are members of which. All of it is one item, so that it is read along with the principals that a decision
 * needs, however deep groups lie in each other.
 */
export const Nesting = z.object({
  id: z.string(),
  /** The groups that each group is a direct member of. */
  memberOf: z.record(z.string(), z.array(z.string())),
});
export type Nesting = z.infer<typeof Nesting>;

export const nestingType: EntityType<typeof Nesting> = { kind: 'NESTING', schema: Nesting };

export const NESTING_ID = 'groups';

/** How many memberships of groups in groups there may be: each decision reads them all. */
export const MOST_NESTED = 500;

export const noNesting: Nesting = { id: NESTING_ID, memberOf: {} };

/**
 * Every group that these are, or are members of through others.
 * @returns undefined where some of them are members of each other in a circle
 */
export function withContaining(groups: readonly string[], { memberOf }: Nesting): string[] | undefined {
  const through = new Set<string>();
  const above = new Set<string>();
  /** Whether the way up from a group never comes back to it. */
  const ends = (group: string): boolean => {
    if (above.has(group)) return false;
    if (through.has(group)) return true;
    above.add(group);
    const areAllEnding = containing(memberOf, group).every(ends);
    above.delete(group);
    through.add(group);
    return areAllEnding;
  };
  return groups.every(ends) ? [...through] : undefined;
}

/** A group's direct members among the groups. */
export function nestedIn({ memberOf }: Nesting, group: string): string[] {
  return Object.keys(memberOf).filter((member) => containing(memberOf, member).includes(group));
}

/** With these groups, and no others, as direct members of a group among the groups. */
export function withNested({ id, memberOf }: Nesting, group: string, members: readonly string[]): Nesting {
  const wanted = new Set(members);
  const all = new Set([...Object.keys(memberOf), ...members]);
  const entries = [...all].map((member) => {
    const others = containing(memberOf, member).filter((one) => one !== group);
    return [member, wanted.has(member) ? [...others, group] : others] as const;
  });
  return { id, memberOf: Object.fromEntries(entries.filter(([, groups]) => groups.length > 0)) };
}

/** How many memberships of groups in groups there are. */
export function countNested({ memberOf }: Nesting): number {
  return Object.values(memberOf).reduce((count, groups) => count + groups.length, 0);
}

/** What is not the record's own is nobody's: a group may be called as what every object inherits. */
function containing(memberOf: Nesting['memberOf'], group: string): readonly string[] {
  return Object.hasOwn(memberOf, group) ? (memberOf[group] ?? []) : [];
}
