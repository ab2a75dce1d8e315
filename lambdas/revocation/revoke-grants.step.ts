import type { Grant } from '../minting/grant.ts';
import type { Stored } from '../platform/entity.ts';
import { DependencyUnavailable, RevocationUnconfirmed, StateConflict } from '../platform/failures.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { type EndingDependencies, grantEnding } from './end-grant.step.ts';
import { type PageInput, type PageOutput, readPage, withGrants } from './read-page.ts';

/** A call begins nothing more after this long, so that what it has begun ends within the function's own time. */
const BEGINS_FOR_MILLISECONDS = 6000;

/**
 * Ends the credentials of a page of grants at their targets, side by side, and tries each: only an answer that it is
 * dead makes the receipt.
 * @returns how many are not confirmed; each of them can be tried again
 */
export function revokeGrants(dependencies: EndingDependencies) {
  const { ledger, clock } = dependencies;
  const { begin, confirm } = grantEnding(dependencies);

  return async (input: PageInput): Promise<PageOutput> => {
    const { revocation, page } = await readPage(ledger, input);
    const beginsUntil = clock.nowEpochMilliseconds() + BEGINS_FOR_MILLISECONDS;
    const confirmed = await withGrants(
      ledger,
      page,
      async (grant, id) =>
        clock.nowEpochMilliseconds() < beginsUntil && (await revoke(grant, id, revocation.id)),
    );
    return { page: input.page, open: confirmed.filter((done) => !done).length };
  };

  async function revoke(
    read: () => Promise<Stored<Grant> | undefined>,
    grantId: string,
    revocation: string,
  ): Promise<boolean> {
    try {
      await rereadOnConflict(async () => {
        const stored = await read();
        if (stored === undefined) return;
        // A grant that became active since its right was to be ended loses it here.
        const begun = await begin(stored, {
          reason: 'revoked',
          revocation,
          by: { service: 'revoke-grants' },
        });
        if (begun !== undefined) await confirm(begun);
        if (stored.entity.status === 'pending')
          throw new RevocationUnconfirmed(`The grant ${grantId} may still become active`);
      });
      return true;
    } catch (error) {
      if (isUnconfirmed(error)) return false;
      throw error;
    }
  }
}

/** What is tried again; anything else is for a person to look at. */
function isUnconfirmed(error: unknown): boolean {
  return (
    error instanceof RevocationUnconfirmed ||
    error instanceof DependencyUnavailable ||
    error instanceof StateConflict
  );
}
