/**
 * How far something has come that goes through a list again and again, a part at a time. No state of any case: who loses
 * a bookmark begins at the start.
 */
export interface Bookmarks {
  /**
   * @returns the place after which to go on; undefined for the start
   * @throws DependencyUnavailable
   */
  read(name: string): Promise<string | undefined>;

  /**
   * @param place undefined for the start
   * @throws DependencyUnavailable
   */
  move(name: string, place: string | undefined): Promise<void>;
}
