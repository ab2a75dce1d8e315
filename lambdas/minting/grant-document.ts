import { partyDocument, timeDocument } from '../platform/documents.ts';
import { formatDuration } from '../platform/duration.ts';
import type { Credential, Grant } from './grant.ts';
import type { GrantDocument } from './grants.routes.ts';

/** A grant as the API shows it. */
export function grantDocument(grant: Grant): GrantDocument {
  return {
    id: grant.id,
    status: grant.status,
    request: grant.requestId,
    principal: partyDocument(grant.principal),
    actors: grant.actors.map(partyDocument),
    ...(grant.ancestors[0] === undefined ? {} : { parent: grant.ancestors[0] }),
    target: grant.target,
    ...(grant.resource === undefined ? {} : { resource: grant.resource }),
    permissions: grant.permissions,
    duration: formatDuration(grant.durationSeconds),
    ...(grant.approval === undefined ? {} : { approvers: grant.approval.approvers }),
    ...('activatedAtEpochSeconds' in grant
      ? {
          activated_at: timeDocument(grant.activatedAtEpochSeconds),
          expires_at: timeDocument(grant.expiresAtEpochSeconds),
          credential: credentialDocument(grant.credential),
        }
      : {}),
    ...('reason' in grant ? { reason: grant.reason } : {}),
    ...('revocation' in grant && grant.revocation !== undefined ? { revocation: grant.revocation } : {}),
    ...('failure' in grant && grant.failure !== undefined ? { failure: grant.failure } : {}),
    ...('endedAtEpochSeconds' in grant ? { ended_at: timeDocument(grant.endedAtEpochSeconds) } : {}),
  };
}

function credentialDocument(credential: Credential): NonNullable<GrantDocument['credential']> {
  const { status, handle } = credential;
  const [fingerprint] = 'fingerprints' in credential ? (credential.fingerprints ?? []) : [];
  const shown = { status, handle, ...(fingerprint === undefined ? {} : { fingerprint }) };
  if (credential.status !== 'revoked') return shown;
  const { answer, how, probedAtEpochSeconds } = credential.receipt;
  return { ...shown, receipt: { answer, how, at: timeDocument(probedAtEpochSeconds) } };
}
