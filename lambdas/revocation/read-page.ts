import * as z from 'zod';
import { type Grant, grantType } from '../minting/grant.ts';
import type { Stored } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { sideBySide } from '../platform/side-by-side.ts';
import {
  pageId,
  type Revocation,
  type RevocationPage,
  revocationPageType,
  revocationType,
} from './revocation.ts';

/** What a step is given: one page of what a containment concerns. */
export const PageInput = z.strictObject({ revocationId: z.string(), page: z.int().positive() });
export type PageInput = z.infer<typeof PageInput>;

/** How many things on the page are not done yet. */
export const PageOutput = z.strictObject({ page: z.int(), open: z.int() });
export type PageOutput = z.infer<typeof PageOutput>;

/** @throws BrokenInvariant where the workflow works on what was not recorded */
export async function readPage(
  ledger: Pick<Ledger, 'readAll'>,
  { revocationId, page }: PageInput,
): Promise<{ readonly revocation: Revocation; readonly page: RevocationPage }> {
  const [revocation, found] = await ledger.readAll([
    [revocationType, revocationId],
    [revocationPageType, pageId(revocationId, page)],
  ]);
  if (revocation === undefined || found === undefined)
    throw new BrokenInvariant('A workflow works on a page of a revocation that is not recorded');
  return { revocation: revocation.entity, page: found.entity };
}

/** How many of a page one call works on at the same time: no target is asked more at once. */
export const MOST_AT_ONCE = 25;

/**
 * Does something with each grant of a page, side by side. They are read in one call; one that has changed since is read
 * again by itself.
 * @returns what each came to
 * @throws StateConflict where one changes again and again
 */
export async function withGrants<Result>(
  ledger: Pick<Ledger, 'read' | 'readAll'>,
  { ids }: RevocationPage,
  act: (read: () => Promise<Stored<Grant> | undefined>, id: string) => Promise<Result>,
): Promise<Result[]> {
  const found = await ledger.readAll(ids.map((id) => [grantType, id] as const));
  return sideBySide([...ids.entries()], MOST_AT_ONCE, ([place, id]) => {
    let isFirst = true;
    return act(async () => {
      if (!isFirst) return ledger.read(grantType, id);
      isFirst = false;
      return found[place];
    }, id);
  });
}
