import type { Who } from '../audit/event.ts';
import { type Revokers, revokerFor } from '../minting/connector.port.ts';
import type { CredentialVault } from '../minting/credential-vault.port.ts';
import {
  beginEnding,
  type EndReason,
  type Grant,
  type GrantIn,
  grantType,
  isBeingClaimed,
  liveUnderList,
  type PathFailure,
} from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { type Deployment, findTarget } from '../platform/deployment.ts';
import { timestamp } from '../platform/duration.ts';
import { replacement, type Stored } from '../platform/entity.ts';
import { BrokenInvariant, RevocationUnconfirmed } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import type { WaitingWorkflow } from '../platform/task-tokens.port.ts';

export interface EndingDependencies {
  readonly deployment: Deployment;
  readonly revokers: Revokers;
  readonly vault: Pick<CredentialVault, 'read' | 'destroy'>;
  readonly ledger: Ledger;
  /** The workflows that hold the descendants of what is ended. */
  readonly workflow: WaitingWorkflow;
  readonly clock: Clock;
}

/** Why a grant ends, and who ends it. */
export interface Ending {
  readonly reason: EndReason;
  readonly failure?: PathFailure | undefined;
  /** The revocation that ends it, where one does. */
  readonly revocation?: string;
  readonly by: Who;
}

/** How many descendants are read at a time. */
const PAGE = 50;

/**
 * Ends grants and makes sure that their credentials are dead: first the right, which nothing that asks Sallyport
 * accepts from then on, then the credential at its target, then it is tried. Only an answer that it is dead makes the
 * receipt. Each half can be done again.
 */
export function grantEnding({ deployment, revokers, vault, ledger, workflow, clock }: EndingDependencies) {
  const begin = rightEnding({ ledger, clock });
  return { begin, confirm, end };

  /**
   * Ends a grant with all its descendants, whose own workflows are told to go on.
   * @throws RevocationUnconfirmed where a target did not confirm; every one of them has been tried
   */
  async function end(stored: Stored<Grant>, ending: Ending): Promise<void> {
    const begun = await begin(stored, ending);
    if (begun === undefined) return;
    const unconfirmed: unknown[] = [];
    for await (const descendant of descendantsOf(begun.entity)) {
      try {
        await endDescendant(descendant.id, ending);
      } catch (error) {
        unconfirmed.push(error);
      }
    }
    await confirm(begun);
    if (unconfirmed.length > 0) throw unconfirmed[0];
  }

  async function endDescendant(id: string, { revocation, by }: Ending): Promise<void> {
    const begun = await rereadOnConflict(async () => {
      const stored = await ledger.read(grantType, id);
      return stored && begin(stored, { reason: 'parent_ended', by, ...(revocation && { revocation }) });
    });
    if (begun === undefined) return;
    await confirm(begun);
    const { encryptedHoldToken } = begun.entity;
    if (encryptedHoldToken !== undefined)
      await workflow.resume(encryptedHoldToken, id, { outcome: 'parent_ended' });
  }

  /** Its whole tree: each grant is entered under all of its ancestors. One that waits to become active sees that they ended. */
  async function* descendantsOf({ id }: Grant): AsyncGenerator<Grant> {
    let after: string | undefined;
    do {
      const page = await ledger.list(
        grantType,
        { kind: 'LIVE_UNDER', name: liveUnderList.ancestor(id) },
        { limit: PAGE, ...(after === undefined ? {} : { after }) },
      );
      yield* page.items;
      after = page.next;
    } while (after !== undefined);
  }

  /**
   * Revokes the credential of a grant whose right has ended, and tries it. A claim that began before the right ended may
   * make it at the target after that: what was made by now is revoked, and what comes late is by a try after the claim's
   * lease, before which nothing is confirmed.
   * @throws RevocationUnconfirmed where its target did not confirm that it is dead; the grant stays `ending`
   */
  async function confirm(ending: Stored<GrantIn<'ending'>>): Promise<void> {
    const grant = ending.entity;
    const target = findTarget(deployment, grant.target);
    if (target === undefined)
      throw new BrokenInvariant('A grant is for a target that the deployment does not have');
    const revoker = revokerFor(revokers, target);
    if (grant.credential.status !== 'revoked') {
      const kept = revoker.keeps ? await vault.read(grant.id) : undefined;
      await revoker.revoke(grant, target, kept);
      if (revoker.keeps && isBeingClaimed(grant.credential, epochSeconds(clock)))
        throw new RevocationUnconfirmed(`The credential of ${grant.id} may be made at this moment`);
      const probe = await revoker.probe(grant, target, kept, epochSeconds(clock));
      if (probe.answer !== 'dead')
        throw new RevocationUnconfirmed(`The credential of ${grant.id} is not confirmed dead`);
      await recordReceipt(ending, probe.how, revoker.boundSeconds(target));
    }
    // Only now: until it is known to be dead, it is needed to try it.
    if (revoker.keeps) await vault.destroy(grant.id);
  }

  async function recordReceipt(
    ending: Stored<GrantIn<'ending'>>,
    how: string,
    boundSeconds: number,
  ): Promise<void> {
    const grant = ending.entity;
    const { handle } = grant.credential;
    const receipt = { probedAtEpochSeconds: epochSeconds(clock), answer: 'dead' as const, how };
    const fingerprints = 'fingerprints' in grant.credential ? grant.credential.fingerprints : undefined;
    await ledger.commit({
      chain: grant.requestId,
      event: caseEvent(
        clock,
        grant.txn,
        'credential.revoked',
        { service: 'revoke-credential' },
        {
          grant: grant.id,
          handle,
          reason: grant.reason,
          receipt: {
            answer: receipt.answer,
            how,
            at: timestamp(receipt.probedAtEpochSeconds * 1000),
            bound_seconds: boundSeconds,
          },
        },
      ),
      changes: [
        replacement(grantType, ending, {
          ...grant,
          credential: { status: 'revoked', handle, receipt, ...(fingerprints && { fingerprints }) },
        }),
      ],
    });
  }
}

/**
 * Ends the right alone, which nothing that asks Sallyport accepts from then on. Done again, it changes nothing.
 * @returns undefined where no credential can be live: the grant never became active, or is over
 * @throws StateConflict where it has changed since it was read
 */
export function rightEnding({ ledger, clock }: Pick<EndingDependencies, 'ledger' | 'clock'>) {
  return async (
    stored: Stored<Grant>,
    { reason, failure, revocation, by }: Ending,
  ): Promise<Stored<GrantIn<'ending'>> | undefined> => {
    const grant = stored.entity;
    switch (grant.status) {
      case 'pending':
      case 'abandoned':
      case 'ended':
        return undefined;
      case 'ending':
        return { ...stored, entity: grant };
      case 'unresolved':
        return { ...stored, entity: { ...grant, status: 'ending' } };
      case 'active': {
        const ending = beginEnding(grant, reason, epochSeconds(clock), { failure, revocation });
        const toldBy = await ledger.commit({
          chain: grant.requestId,
          event: caseEvent(clock, grant.txn, 'grant.ending', by, {
            grant: grant.id,
            reason,
            ...(failure === undefined ? {} : { failure }),
            ...(revocation === undefined ? {} : { revocation }),
          }),
          changes: [replacement(grantType, { ...stored, entity: grant }, ending)],
        });
        return { entity: ending, version: stored.version + 1, toldBy };
      }
    }
  };
}
