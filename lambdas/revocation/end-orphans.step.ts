import { type CredentialRevoker, type Revokers, revokerFor } from '../minting/connector.port.ts';
import type { CredentialVault } from '../minting/credential-vault.port.ts';
import { grantType, isOver } from '../minting/grant.ts';
import type { Bookmarks } from '../platform/bookmarks.port.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { type Deployment, findTarget, type Target } from '../platform/deployment.ts';
import { timestamp } from '../platform/duration.ts';
import { creation, replacement } from '../platform/entity.ts';
import { DependencyUnavailable, StateConflict } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { Metrics } from '../platform/metrics.port.ts';
import { dueRound } from './due-round.ts';
import type { Finding, Inspection } from './inspection.ts';
import { grantIdOf, type Orphan, orphanId, orphanType, unrecordedGrant } from './orphan.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly revokers: Revokers;
  readonly vault: Pick<CredentialVault, 'read' | 'destroy'>;
  readonly ledger: Ledger;
  readonly bookmarks: Bookmarks;
  readonly metrics: Pick<Metrics, 'orphanedCredential'>;
  readonly clock: Clock;
}

/** A target that can be asked what is live there. */
interface Askable {
  readonly target: Target;
  readonly revoker: CredentialRevoker & Required<Pick<CredentialRevoker, 'listHandles'>>;
}

const PAGE = 25;
/** So many at once are somebody's mistake: the rest is found at the next run. */
const MOST_FOUND_AT_ONCE = 25;

/**
 * Ends what is live at a target under a name of Sallyport's and has no grant that is not over: made after its grant had
 * ended, brought back with the target's backup, or made by somebody else. `unrecorded` records each, in a chain of its
 * own, before anything is done to it; `orphans` ends what is recorded, until its target does not name it any more.
 */
export function orphanInspections({
  deployment,
  revokers,
  vault,
  ledger,
  bookmarks,
  metrics,
  clock,
}: Dependencies): readonly [Inspection<Askable>, Inspection<Orphan>] {
  return [
    {
      name: 'unrecorded',
      async *pages() {
        yield deployment.targets.flatMap((target) => askable(target) ?? []);
      },
      inspect: find,
    },
    {
      name: 'orphans',
      pages: () =>
        dueRound({
          ledger,
          bookmarks,
          name: 'orphans',
          type: orphanType,
          list: 'orphans',
          isWithin: () => true,
          pageSize: PAGE,
        }),
      inspect: end,
    },
  ];

  function askable(target: Target): Askable | undefined {
    const revoker = revokerFor(revokers, target);
    const { listHandles } = revoker;
    return listHandles && { target, revoker: { ...revoker, listHandles: listHandles.bind(revoker) } };
  }

  async function find({ target, revoker }: Askable): Promise<Finding> {
    const suspects = await withoutGrant(await revoker.listHandles(target), target);
    if (suspects.length === 0) return 'fine';
    // What was ended between the asking and the reading is none.
    const live = new Set(await revoker.listHandles(target));
    const orphans = suspects.filter((handle) => live.has(handle));
    for (const handle of orphans.slice(0, MOST_FOUND_AT_ONCE)) await recordFound(target, handle);
    return 'fine';
  }

  async function withoutGrant(handles: readonly string[], target: Target): Promise<string[]> {
    const grants = await ledger.readAll(handles.map((handle) => [grantType, grantIdOf(handle)] as const));
    return handles.filter((_, index) => {
      const grant = grants[index]?.entity;
      return grant === undefined || (grant.target === target.id && isOver(grant));
    });
  }

  async function recordFound(target: Target, handle: string): Promise<void> {
    const id = orphanId(target, handle);
    const known = await ledger.read(orphanType, id);
    if (known?.entity.status === 'found') return;
    // Before anything that can fail: whoever must act is called whatever happens next.
    metrics.orphanedCredential();
    const orphan = {
      id,
      status: 'found' as const,
      target: target.id,
      handle,
      foundAtEpochSeconds: epochSeconds(clock),
    };
    await ledger.commit({
      chain: id,
      ...(known === undefined ? { opens: true as const } : {}),
      event: caseEvent(
        clock,
        id,
        'credential.orphan-found',
        { service: 'reconcile' },
        { target: target.id, handle },
      ),
      changes: [known === undefined ? creation(orphanType, orphan) : replacement(orphanType, known, orphan)],
    });
  }

  async function end(found: Orphan): Promise<Finding> {
    const target = findTarget(deployment, found.target);
    const at = target && askable(target);
    try {
      if (at !== undefined && (await isGone(found, at))) {
        await recordRevoked(found, at);
        if (at.revoker.keeps) await vault.destroy(grantIdOf(found.handle));
        return 'repaired';
      }
    } catch (error) {
      if (error instanceof StateConflict) throw error;
      metrics.orphanedCredential();
      if (!(error instanceof DependencyUnavailable)) throw error;
      return 'unresolved';
    }
    metrics.orphanedCredential();
    return 'unresolved';
  }

  async function isGone(orphan: Orphan, { target, revoker }: Askable): Promise<boolean> {
    const id = grantIdOf(orphan.handle);
    const kept = revoker.keeps ? await vault.read(id) : undefined;
    const grant = (await ledger.read(grantType, id))?.entity ?? unrecordedGrant(orphan);
    await revoker.revoke(grant, target, kept);
    return !(await revoker.listHandles(target)).includes(orphan.handle);
  }

  async function recordRevoked({ id }: Orphan, { target, revoker }: Askable): Promise<void> {
    const stored = await ledger.read(orphanType, id);
    if (stored?.entity.status !== 'found') return;
    const { handle } = stored.entity;
    const receipt = {
      probedAtEpochSeconds: epochSeconds(clock),
      answer: 'dead' as const,
      how: 'its target does not name it any more',
    };
    await ledger.commit({
      chain: id,
      event: caseEvent(
        clock,
        id,
        'credential.orphan-revoked',
        { service: 'reconcile' },
        {
          target: target.id,
          handle,
          receipt: {
            answer: receipt.answer,
            how: receipt.how,
            at: timestamp(receipt.probedAtEpochSeconds * 1000),
            bound_seconds: revoker.boundSeconds(target),
          },
        },
      ),
      changes: [replacement(orphanType, stored, { ...stored.entity, status: 'revoked', receipt })],
    });
  }
}
