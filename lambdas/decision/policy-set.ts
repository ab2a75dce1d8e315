import * as z from 'zod';
import type { EntityType, Stored } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import { PartyReference } from '../verification/session.ts';
import { ContentReference } from './policy-set-content.ts';

/** What is in force until people switch it: the set that the functions carry. */
export const DEPLOYED = 'deployed';

/** What a set holds: the files as they were written, and what functions load. */
const Contents = z.object({ sources: ContentReference, compiled: ContentReference });
export type Contents = z.infer<typeof Contents>;

/** Policies that differ, by their ids: how many there are, and the first of them by name. */
const Difference = z.object({ count: z.int(), first: z.array(z.string()) });

/** What a set changes of the one that it is to replace. */
export const PolicyChanges = z.object({
  added: Difference,
  changed: Difference,
  removed: Difference,
});
export type PolicyChanges = z.infer<typeof PolicyChanges>;

/**
 * A set of policies that was proposed by one party, and is activated by a person who is another. What it holds never
 * changes.
 */
export const PolicySet = z.object({
  id: z.string(),
  txn: z.string(),
  status: z.enum(['proposed', 'active', 'superseded', 'rolled_back']),
  contents: Contents,
  policies: z.int(),
  /** How many tests it was sent with, all of which it passed. */
  tests: z.int(),
  justification: z.string(),
  /** The set that was in force when it was proposed: it may replace that one, and no other. */
  basedOn: z.string(),
  changes: PolicyChanges,
  proposedBy: PartyReference,
  actors: z.array(PartyReference),
  /** Who must not activate it: the parties that proposed it and the owners of their machines. */
  excluded: z.array(z.string()),
  proposedAtEpochSeconds: z.int(),
  activatedBy: z.string().optional(),
  activatedAtEpochSeconds: z.int().optional(),
  rolledBackBy: z.string().optional(),
  rolledBackAtEpochSeconds: z.int().optional(),
});
export type PolicySet = z.infer<typeof PolicySet>;

/** The name of the list of all sets. */
export const ALL_POLICY_SETS = 'all';

const legal: Readonly<Record<PolicySet['status'], readonly PolicySet['status'][]>> = {
  proposed: ['active'],
  active: ['superseded', 'rolled_back'],
  // When what has replaced it is rolled back.
  superseded: ['active'],
  rolled_back: [],
};

export const policySetType: EntityType<typeof PolicySet> = {
  kind: 'POLICY_SET',
  schema: PolicySet,
  listEntries: ({ id, proposedAtEpochSeconds }) => [
    { kind: 'POLICY_SETS', list: ALL_POLICY_SETS, place: `${proposedAtEpochSeconds}#${id}`, entityId: id },
  ],
  requireSuccession: (before, after) => {
    if (!legal[before.status].includes(after.status))
      throw new BrokenInvariant(`A policy set does not become ${after.status} that is ${before.status}`);
  },
};

/** The id of the one pointer. */
export const ACTIVE = 'active';

/** Which set is in force. There is one, once a set was activated; without it, it is the one that is deployed. */
export const PolicyPointer = z.object({
  id: z.literal(ACTIVE),
  set: z.string(),
  /** None of the set that is deployed. */
  contents: Contents.optional(),
});
export type PolicyPointer = z.infer<typeof PolicyPointer>;

export const policyPointerType: EntityType<typeof PolicyPointer> = {
  kind: 'POLICY_POINTER',
  schema: PolicyPointer,
};

/** The set that the pointer names; without a pointer, none was ever switched to. */
export function setInForce(pointer: Stored<PolicyPointer> | undefined): string {
  return pointer?.entity.set ?? DEPLOYED;
}

const MOST_NAMED = 50;

/** What makes two policies the same: what they say, wherever they stand. */
type Comparable = { readonly id: string; readonly text: string };

/** What becomes of the policies of one set in another. */
export function changesBetween(before: readonly Comparable[], after: readonly Comparable[]): PolicyChanges {
  const were = new Map(before.map(({ id, text }) => [id, text]));
  const are = new Map(after.map(({ id, text }) => [id, text]));
  const difference = (ids: Iterable<string>) => {
    const sorted = [...ids].sort();
    return { count: sorted.length, first: sorted.slice(0, MOST_NAMED) };
  };
  return {
    added: difference([...are.keys()].filter((id) => !were.has(id))),
    changed: difference([...are].flatMap(([id, text]) => (were.has(id) && were.get(id) !== text ? id : []))),
    removed: difference([...were.keys()].filter((id) => !are.has(id))),
  };
}
