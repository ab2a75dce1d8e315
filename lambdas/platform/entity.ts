import type * as z from 'zod';

/** What kinds of items the table holds. A function's role names the kinds that it may read and write. */
export type ItemKind =
  | 'PRINCIPAL'
  | 'SESSION'
  | 'REQUEST'
  | 'APPROVAL'
  | 'GRANT'
  | 'IDEMPOTENCY'
  | 'CHAIN'
  | 'INBOX'
  | 'GRANTS_OF'
  | 'CHAINS_OF';

/** An entry in a list that can be read in order: the list's partition, the place in it, the entity it names. */
export interface ListEntry {
  readonly kind: ItemKind;
  readonly list: string;
  readonly place: string;
  readonly entityId: string;
}

/**
 * One type of entity in the table: its schema, and which lists an entity stands in. The entity and its list
 * entries change in one transaction, so a list is never behind.
 */
export interface EntityType<Schema extends z.ZodType<{ id: string }> = z.ZodType<{ id: string }>> {
  readonly kind: ItemKind;
  readonly schema: Schema;
  readonly listEntries?: (entity: z.infer<Schema>) => readonly ListEntry[];
  /** When the item may be collected, in epoch seconds. Readers check expiry themselves. */
  readonly collectAtEpochSeconds?: (entity: z.infer<Schema>) => number | undefined;
}

/** An entity as it was read, with the version that a change of it must still find. */
export interface Stored<Entity> {
  readonly entity: Entity;
  readonly version: number;
}
