import type * as z from 'zod';
import type { EventReference } from '../audit/chain.ts';

/** Each is an item of its own, read by its key. */
export type EntityKind =
  | 'PRINCIPAL'
  | 'GROUP'
  /** Which groups are members of which: one item for all. */
  | 'NESTING'
  /** Whose a name is, of those that only one person may bear. */
  | 'USER_NAME'
  | 'SESSION'
  | 'REQUEST'
  | 'BUNDLE'
  | 'APPROVAL'
  | 'GRANT'
  | 'HANDOFF'
  | 'IDEMPOTENCY'
  | 'AUTHENTICATOR'
  | 'ENROLMENT'
  | 'ENROLMENT_RIGHT'
  | 'STEP_UP'
  | 'BACKCHANNEL'
  | 'FREEZE'
  | 'REVOCATION'
  | 'REVOCATION_PAGE'
  | 'REVOCATION_SCOPE'
  | 'SECRET'
  | 'ROTATION'
  | 'ORPHAN'
  | 'POLICY_SET'
  | 'POLICY_PART'
  | 'POLICY_POINTER';

/** Each is a partition of entries that name entities, read in order. */
export type ListKind =
  | 'INBOX'
  | 'GRANTS_OF'
  | 'CHAINS_OF'
  | 'WAITING_IN'
  | 'AUTHENTICATORS_OF'
  | 'PUSHES_OF'
  /** The grants that have not ended, under each of what could take them along: a revocation starts here. */
  | 'LIVE_UNDER'
  /** What a credential's fingerprint is of. */
  | 'FINGERPRINT'
  /** What is to be looked at when its time has come: the reconciler starts here. */
  | 'DUE'
  | 'SESSIONS_OF'
  | 'OWNED_BY'
  /** All principals of a kind. */
  | 'PRINCIPALS'
  | 'GROUPS'
  /** The people who are direct members of a group. */
  | 'MEMBERS_OF'
  /** What an identity provider calls a person or a group. */
  | 'KNOWN_AS'
  | 'SECRETS'
  | 'REVOCATIONS'
  /** What a revocation concerns. */
  | 'ITEMS_OF'
  | 'POLICY_SETS';

/** What kinds of items the table holds. A function's role names the kinds that it may read and write. */
export type ItemKind = EntityKind | ListKind | 'CHAIN' | 'SPENT' | 'BOOKMARK';

/** An entry in a list that can be read in order: the list's partition, the place in it, the entity it names. */
export interface ListEntry {
  readonly kind: ListKind;
  readonly list: string;
  readonly place: string;
  readonly entityId: string;
  /** When the entry may be collected, in epoch seconds, where its entity will not be there to be changed. */
  readonly collectAtEpochSeconds?: number;
}

/**
 * One type of entity in the table: its schema, and which lists an entity stands in. The entity and its list
 * entries change in one transaction, so a list is never behind.
 */
export interface EntityType<Schema extends z.ZodType<{ id: string }> = z.ZodType<{ id: string }>> {
  readonly kind: EntityKind;
  readonly schema: Schema;
  readonly listEntries?: (entity: z.infer<Schema>) => readonly ListEntry[];
  /** When the item may be collected, in epoch seconds. Readers check expiry themselves. */
  readonly collectAtEpochSeconds?: (entity: z.infer<Schema>) => number | undefined;
  /** Throws BrokenInvariant where the one may never become the other, whoever asks. */
  readonly requireSuccession?: (before: z.infer<Schema>, after: z.infer<Schema>) => void;
}

/** An entity as it was read, with the version that a change of it must still find. */
export interface Stored<Entity> {
  readonly entity: Entity;
  readonly version: number;
  /** The event that told of its last change: the end of its chain then, and most often still. */
  readonly toldBy: EventReference;
}

/** One entity that a transition makes (`replaces` absent) or changes (`replaces`: as it was read). */
export interface Change {
  readonly type: EntityType;
  readonly entity: { readonly id: string };
  readonly replaces: Stored<{ readonly id: string }> | undefined;
}

/** A transition makes this entity. It must not exist yet. */
export function creation<Schema extends z.ZodType<{ id: string }>>(
  type: EntityType<Schema>,
  entity: z.infer<Schema>,
): Change {
  return { type: type as unknown as EntityType, entity, replaces: undefined };
}

/**
 * A transition changes this entity. It must still be as it was read.
 * @throws BrokenInvariant where what it was may not become what it is to be
 */
export function replacement<Schema extends z.ZodType<{ id: string }>>(
  type: EntityType<Schema>,
  replaces: Stored<z.infer<Schema>>,
  entity: z.infer<Schema>,
): Change {
  type.requireSuccession?.(replaces.entity, entity);
  return { type: type as unknown as EntityType, entity, replaces };
}
