import type { Grant } from '../minting/grant.ts';
import type { Stored } from '../platform/entity.ts';
import { StateConflict } from '../platform/failures.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { recordFailure } from '../requests/record-failure.step.ts';
import { type EndingDependencies, rightEnding } from './end-grant.step.ts';
import { type PageInput, type PageOutput, readPage, withGrants } from './read-page.ts';

/**
 * Ends the rights of a page of grants, before anything is done at a target: nothing that asks Sallyport accepts them
 * from then on. One that waits to become active never does.
 * @returns what is open yet, because it changed again and again meanwhile
 */
export function endRights({ ledger, clock }: Pick<EndingDependencies, 'ledger' | 'clock'>) {
  const begin = rightEnding({ ledger, clock });

  return async (input: PageInput): Promise<PageOutput> => {
    const { revocation, page } = await readPage(ledger, input);
    const ended = await withGrants(ledger, page, (grant) => endRight(grant, revocation.id));
    return { page: input.page, open: ended.filter((done) => !done).length };
  };

  async function endRight(
    read: () => Promise<Stored<Grant> | undefined>,
    revocation: string,
  ): Promise<boolean> {
    try {
      await rereadOnConflict(async () => {
        const stored = await read();
        if (stored?.entity.status === 'pending') {
          const failure = { state: 'EndRights', error: 'Revoked' };
          await recordFailure({ ledger, clock })({ requestId: stored.entity.requestId, failure });
        } else if (stored !== undefined) {
          await begin(stored, { reason: 'revoked', revocation, by: { service: 'end-rights' } });
        }
      });
      return true;
    } catch (error) {
      if (error instanceof StateConflict) return false;
      throw error;
    }
  }
}
