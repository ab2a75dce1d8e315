import { partyDocument } from '../platform/documents.ts';
import { timestamp } from '../platform/duration.ts';
import { freezeFor, type Revocation } from './revocation.ts';
import type { ItemDocument, RevocationDocument } from './revocations.routes.ts';

/** A run as the API shows it. */
export function revocationDocument(
  revocation: Revocation,
  page?: { readonly items: readonly ItemDocument[]; readonly cursor?: string },
): RevocationDocument {
  const {
    scope,
    startedAtEpochMilliseconds: startedAt,
    containedAtEpochMilliseconds: containedAt,
  } = revocation;
  return {
    id: revocation.id,
    status: revocation.status,
    scope: { [scope.kind]: scope.id },
    reason: revocation.reason,
    dry_run: revocation.dryRun,
    started_by: partyDocument(revocation.startedBy.principal),
    started_at: timestamp(startedAt),
    counts: { ...revocation.counts, secrets: revocation.secrets.length },
    unresolved: revocation.unresolved,
    ...(containedAt === undefined
      ? {}
      : { contained_at: timestamp(containedAt), time_to_contain_ms: containedAt - startedAt }),
    freeze: freezeState(revocation),
    txn: revocation.txn,
    ...(page === undefined
      ? {}
      : {
          items: [...page.items],
          ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
        }),
  };
}

function freezeState(revocation: Revocation): RevocationDocument['freeze'] {
  const exposed = revocation.secrets.map(({ id }) => id);
  if (revocation.dryRun || freezeFor(revocation.scope, exposed).length === 0) return 'none';
  return revocation.liftedAtEpochMilliseconds === undefined ? 'held' : 'lifted';
}
