import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { EntityType } from '../../../lambdas/platform/entity.ts';
import { dueRound } from '../../../lambdas/revocation/due-round.ts';
import { inMemoryBookmarks } from '../../support/in-memory-bookmarks.ts';
import { type InMemoryLedger, inMemoryLedger } from '../../support/in-memory-ledger.ts';

const Thing = z.object({ id: z.string(), place: z.string() });
const thingType: EntityType<typeof Thing> = {
  kind: 'GRANT',
  schema: Thing,
  listEntries: ({ id, place }) => [{ kind: 'DUE', list: 'things', place, entityId: id }],
};

/** Things `10` … at places of the same name. */
function things(count: number): InMemoryLedger {
  const ledger = inMemoryLedger();
  for (let index = 0; index < count; index += 1) {
    const place = String(10 + index);
    ledger.seed(thingType, { id: place, place });
  }
  return ledger;
}

const round = (
  ledger: InMemoryLedger,
  bookmarks: ReturnType<typeof inMemoryBookmarks>,
  { from, before = '99', pageSize = 3 }: { from?: string; before?: string; pageSize?: number } = {},
) =>
  dueRound({
    ledger,
    bookmarks,
    name: 'things',
    type: thingType,
    list: 'things',
    ...(from === undefined ? {} : { from }),
    isWithin: ({ place }) => place < before,
    pageSize,
  });

/** The ids of the first pages, of all unless said. */
async function seen(pages: ReturnType<typeof round>, most = Number.POSITIVE_INFINITY): Promise<string[]> {
  const ids: string[] = [];
  let taken = 0;
  for await (const page of pages) {
    ids.push(...page.map(({ id }) => id));
    taken += 1;
    if (taken === most) break;
  }
  return ids;
}

describe('a round', () => {
  test('of one page moves no bookmark', async () => {
    const bookmarks = inMemoryBookmarks();
    expect(await seen(round(things(2), bookmarks))).toEqual(['10', '11']);
    expect(bookmarks.moves).toBe(0);
  });

  test('goes on where the one before had to leave off, and comes back to where it began', async () => {
    const [ledger, bookmarks] = [things(8), inMemoryBookmarks()];
    expect(await seen(round(ledger, bookmarks), 1)).toEqual(['10', '11', '12']);
    expect(await seen(round(ledger, bookmarks), 1)).toEqual(['13', '14', '15']);
    expect(await seen(round(ledger, bookmarks))).toEqual(['16', '17', '10', '11', '12', '13', '14', '15']);
  });

  test('has moved its bookmark before a page is given out, so that nothing is stuck at it', async () => {
    const [ledger, bookmarks] = [things(6), inMemoryBookmarks()];
    const pages = round(ledger, bookmarks);
    await pages.next();
    expect(await bookmarks.read('things')).toBe('12');
  });

  test('begins at its start where the bookmark is before it', async () => {
    const bookmarks = inMemoryBookmarks({ things: '11' });
    expect(await seen(round(things(8), bookmarks, { from: '13' }))).toEqual(['14', '15', '16', '17']);
  });

  test('sees all of its part and nothing else, wherever it is stopped before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          count: fc.integer({ min: 0, max: 30 }),
          pageSize: fc.integer({ min: 1, max: 7 }),
          from: fc.option(fc.integer({ min: 8, max: 42 }), { nil: undefined }),
          before: fc.integer({ min: 8, max: 42 }),
          stops: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 6 }),
        }),
        async ({ count, pageSize, from, before, stops }) => {
          const [ledger, bookmarks] = [things(count), inMemoryBookmarks()];
          const part = {
            ...(from === undefined ? {} : { from: String(from) }),
            before: String(before),
            pageSize,
          };
          for (const most of stops) await seen(round(ledger, bookmarks, part), most);
          const all = Array.from({ length: count }, (_, index) => String(10 + index));
          const wanted = all.filter(
            (place) => place < part.before && (part.from === undefined || place > part.from),
          );
          expect([...new Set(await seen(round(ledger, bookmarks, part)))].sort()).toEqual(wanted);
        },
      ),
    );
  });

  test('comes to everything by and by, however few pages each has time for', async () => {
    const [ledger, bookmarks] = [things(20), inMemoryBookmarks()];
    const come = new Set<string>();
    for (let run = 0; run < 7; run += 1)
      for (const id of await seen(round(ledger, bookmarks), 1)) come.add(id);
    expect(come.size).toBe(20);
  });
});
