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

/** How many there are, and the first of them by name. */
const Some = z.object({ count: z.int(), first: z.array(z.string()) });

/** What becomes of named texts from one set to another. */
export const Difference = z.object({ added: Some, changed: Some, removed: Some });
export type Difference = z.infer<typeof Difference>;

/** What a set changes of the one that it is to replace: its policies by their ids; its schemas and tests as files. */
export const PolicyChanges = z.object({ policies: Difference, files: Difference });

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
  /** The digest of its files: a deployment may change the set that is deployed. */
  basedOnDigest: z.string(),
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

/** What becomes of texts, by their names. */
export function differenceBetween(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Difference {
  const some = (names: readonly string[]) => ({
    count: names.length,
    first: names.toSorted().slice(0, MOST_NAMED),
  });
  const were = new Map(Object.entries(before));
  const are = new Map(Object.entries(after));
  const kept = [...are.keys()].filter((name) => were.has(name));
  return {
    added: some([...are.keys()].filter((name) => !were.has(name))),
    changed: some(kept.filter((name) => were.get(name) !== are.get(name))),
    removed: some([...were.keys()].filter((name) => !are.has(name))),
  };
}
