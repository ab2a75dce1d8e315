/**
 * Where the next page of a list starts, as callers carry it: they can neither read nor make one, and one list's
 * cursor is no other's.
 */
export interface PageCursors {
  seal(place: string, list: string): Promise<string>;
  /** @throws Problem 400 where it is not a cursor of this list */
  open(cursor: string, list: string): Promise<string>;
}
