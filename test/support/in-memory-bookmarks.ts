import type { Bookmarks } from '../../lambdas/platform/bookmarks.port.ts';

export interface InMemoryBookmarks extends Bookmarks {
  /** How often one was moved. */
  readonly moves: number;
}

export function inMemoryBookmarks(places: Readonly<Record<string, string>> = {}): InMemoryBookmarks {
  const kept = new Map<string, string | undefined>(Object.entries(places));
  let moves = 0;
  return {
    get moves() {
      return moves;
    },
    read: async (name) => kept.get(name),
    async move(name, place) {
      kept.set(name, place);
      moves += 1;
    },
  };
}
