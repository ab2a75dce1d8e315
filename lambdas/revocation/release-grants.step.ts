import { type Grant, grantType } from '../minting/grant.ts';
import type { Clock } from '../platform/clock.port.ts';
import { DependencyUnavailable, StateConflict } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { sideBySide } from '../platform/side-by-side.ts';
import type { WaitingWorkflow } from '../platform/task-tokens.port.ts';
import { closeGrant } from './close-grant.step.ts';
import { MOST_AT_ONCE, type PageInput, type PageOutput, readPage } from './read-page.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly workflow: WaitingWorkflow;
  readonly clock: Clock;
}

/**
 * Closes the grants of a page whose credentials are known to be dead, and tells the workflows that hold them to go on.
 * They are closed here, since a workflow that could not confirm the end of its grant waits for it no more.
 * @returns how many are not closed yet
 */
export function releaseGrants({ ledger, workflow, clock }: Dependencies) {
  const close = closeGrant({ ledger, clock });

  return async (input: PageInput): Promise<PageOutput> => {
    const { page } = await readPage(ledger, input);
    const grants = await ledger.readAll(page.ids.map((id) => [grantType, id] as const));
    const released = await sideBySide(grants, MOST_AT_ONCE, async (stored) => {
      if (stored === undefined || stored.entity.status === 'abandoned') return true;
      return isDead(stored.entity) && (await release(stored.entity));
    });
    return { page: input.page, open: released.filter((done) => !done).length };
  };

  async function release(grant: Grant): Promise<boolean> {
    try {
      await close({ requestId: grant.requestId });
      if ('encryptedHoldToken' in grant && grant.encryptedHoldToken !== undefined)
        await workflow.resume(grant.encryptedHoldToken, grant.id, { outcome: 'revoked' });
      return true;
    } catch (error) {
      if (error instanceof StateConflict || error instanceof DependencyUnavailable) return false;
      throw error;
    }
  }
}

function isDead(grant: Grant): boolean {
  if (grant.status === 'ended') return true;
  return grant.status === 'ending' && grant.credential.status === 'revoked';
}
