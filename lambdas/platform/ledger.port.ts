import type * as z from 'zod';
import type { AuditEvent, EventBody } from '../audit/event.ts';
import type { Change, EntityType, ItemKind, Stored } from './entity.ts';

/** One transition of a case: what changes, and the one event that tells it. Either both happen or neither. */
export interface Transition {
  readonly chain: string;
  /** True for the transition that opens the case: its chain must not exist yet. */
  readonly opens?: true;
  readonly event: EventBody;
  readonly changes: readonly Change[];
}

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

  /** Several entities of one type at once, by id. Ids that do not exist are absent from the map. */
  readMany<Schema extends z.ZodType<{ id: string }>>(
    type: EntityType<Schema>,
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, Stored<z.infer<Schema>>>>;

  /** The entities that stand in a list, in the order of their places. */
  list<Schema extends z.ZodType<{ id: string }>>(
    type: EntityType<Schema>,
    list: { kind: ItemKind; name: string },
    page: { limit: number; after?: string; newestFirst?: boolean },
  ): Promise<Page<z.infer<Schema>>>;

  /**
   * @throws StateConflict where an entity is no longer as it was read, or exists already. Nothing changed.
   * @throws DependencyUnavailable where the outcome is unknown.
   */
  commit(transition: Transition): Promise<void>;

  /** The events of a chain, in order, after the given sequence number. */
  events(chain: string, page: { limit: number; after?: number }): Promise<readonly AuditEvent[]>;

  /** The chains that carry a `txn`, oldest first, at most 100. */
  chainsOf(txn: string): Promise<readonly string[]>;
}
