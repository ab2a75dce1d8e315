import type * as z from 'zod';
import type { Bookmarks } from '../platform/bookmarks.port.ts';
import type { EntityType } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';

/** What a part of a `DUE` list is walked through with. */
export interface Round<Schema extends z.ZodType<{ id: string }>> {
  readonly ledger: Pick<Ledger, 'list'>;
  readonly bookmarks: Bookmarks;
  /** Of the bookmark. */
  readonly name: string;
  readonly type: EntityType<Schema>;
  readonly list: string;
  /** The place before which nothing is wanted. */
  readonly from?: string;
  /** Whether an entity is in the part; the first that is not ends it. */
  readonly isWithin: (entity: z.infer<Schema>) => boolean;
  readonly pageSize: number;
}

/**
 * A part of a list, all around: from the bookmark to the part's end, then from its start to the bookmark. The bookmark is
 * moved before a page is given out, so that what cannot be got past holds up nobody behind it. Where the part is one
 * page, nothing is written.
 */
export async function* dueRound<Schema extends z.ZodType<{ id: string }>>({
  ledger,
  bookmarks,
  name,
  type,
  list,
  from,
  isWithin,
  pageSize,
}: Round<Schema>): AsyncGenerator<readonly z.infer<Schema>[]> {
  const kept = await bookmarks.read(name);
  const begun = kept !== undefined && (from === undefined || kept > from) ? kept : undefined;
  let marked = kept;
  for (const [start, end] of begun === undefined ? [[from, undefined]] : [[begun], [from, begun]]) {
    let after = start;
    do {
      const page = await ledger.list(
        type,
        { kind: 'DUE', name: list },
        { limit: pageSize, ...(after === undefined ? {} : { after }) },
      );
      const within = page.items.filter(isWithin);
      after = within.length < page.items.length || isPast(page.next, end) ? undefined : page.next;
      if (after !== marked) await bookmarks.move(name, after);
      marked = after;
      yield within;
    } while (after !== undefined);
  }
}

function isPast(place: string | undefined, end: string | undefined): boolean {
  return place !== undefined && end !== undefined && place >= end;
}
