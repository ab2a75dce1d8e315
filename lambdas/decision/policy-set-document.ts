import { partyDocument, timeDocument } from '../platform/documents.ts';
import type { PolicySet } from './policy-set.ts';
import type { PolicySetDocument } from './policy-sets.routes.ts';

/** A policy set as answers of the API write it. */
export function policySetDocument(set: PolicySet): PolicySetDocument {
  const { activatedBy, activatedAtEpochSeconds, rolledBackBy, rolledBackAtEpochSeconds } = set;
  return {
    id: set.id,
    status: set.status,
    digest: set.contents.sources.digest,
    policies: set.policies,
    tests: set.tests,
    justification: set.justification,
    based_on: set.basedOn,
    changes: set.changes,
    proposed_by: partyDocument(set.proposedBy),
    actors: set.actors.map(partyDocument),
    proposed_at: timeDocument(set.proposedAtEpochSeconds),
    ...(activatedBy === undefined ? {} : { activated_by: activatedBy }),
    ...(activatedAtEpochSeconds === undefined ? {} : { activated_at: timeDocument(activatedAtEpochSeconds) }),
    ...(rolledBackBy === undefined ? {} : { rolled_back_by: rolledBackBy }),
    ...(rolledBackAtEpochSeconds === undefined
      ? {}
      : { rolled_back_at: timeDocument(rolledBackAtEpochSeconds) }),
  };
}
