import type * as z from 'zod';
import type { EventReference } from '../audit/chain.ts';
import type { AuditEvent, EventBody } from '../audit/event.ts';
import type { Change, EntityType, ListKind, Stored } from './entity.ts';

/** One transition of a case: what changes, and the one event that tells it. Either both happen or neither. */
export interface Transition {
  readonly chain: string;
  /** True for the transition that opens the case: its chain must not exist yet. */
  readonly opens?: true;
  readonly event: EventBody;
  readonly changes: readonly Change[];
}

/** An entity that is wanted: its type and its id. */
export type Reference<Schema extends z.ZodType<{ id: string }> = z.ZodType<{ id: string }>> = readonly [
  type: EntityType<Schema>,
  id: string,
];

/** What was found of what was wanted, place by place. */
export type Found<Wanted extends readonly Reference[]> = {
  -readonly [Place in keyof Wanted]: Wanted[Place] extends Reference<infer Schema>
    ? Stored<z.infer<Schema>> | undefined
    : never;
};

/** A page of a list, and where the next one starts, if there is more. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string;
}

/** The state of the system and its audit, which only change together. All reads are strongly consistent. */
export interface Ledger {
  /** @throws BrokenInvariant where what is stored does not have the type's shape. */
  read<Schema extends z.ZodType<{ id: string }>>(
    type: EntityType<Schema>,
    id: string,
  ): Promise<Stored<z.infer<Schema>> | undefined>;

  /** Several entities in one call, each in its place, undefined where there is none. */
  readAll<const Wanted extends readonly Reference[]>(wanted: Wanted): Promise<Found<Wanted>>;

  /** The entities that stand in a list, in the order of their places. */
  list<Schema extends z.ZodType<{ id: string }>>(
    type: EntityType<Schema>,
    list: { kind: ListKind; name: string },
    page: { limit: number; after?: string; newestFirst?: boolean },
  ): Promise<Page<z.infer<Schema>>>;

  /**
   * @returns the event that told of the transition
   * @throws StateConflict where an entity is no longer as it was read, or exists already. Nothing changed.
   * @throws DependencyUnavailable where the outcome is unknown.
   */
  commit(transition: Transition): Promise<EventReference>;

  /** The events of a chain, in order, after the given sequence number. */
  events(chain: string, page: { limit: number; after?: number }): Promise<readonly AuditEvent[]>;

  /** The chains that carry a `txn`, oldest first, at most 100. */
  chainsOf(txn: string): Promise<readonly string[]>;
}
