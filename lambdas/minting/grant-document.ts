import { formatDuration, timestamp } from '../platform/duration.ts';
import type { PartyReference } from '../verification/session.ts';
import type { Credential, Grant } from './grant.ts';
import type { GrantDocument } from './grants.routes.ts';

/** A grant as the API shows it. */
export function grantDocument(grant: Grant): GrantDocument {
  return {
    id: grant.id,
    status: grant.status,
    request: grant.requestId,
    principal: party(grant.principal),
    actors: grant.actors.map(party),
    target: grant.target,
    permissions: grant.permissions,
    duration: formatDuration(grant.durationSeconds),
    ...(grant.approvers === undefined ? {} : { approvers: grant.approvers }),
    ...('activatedAtEpochSeconds' in grant
      ? {
          activated_at: timestamp(grant.activatedAtEpochSeconds * 1000),
          expires_at: timestamp(grant.expiresAtEpochSeconds * 1000),
          credential: credentialDocument(grant.credential),
        }
      : {}),
    ...('reason' in grant ? { reason: grant.reason } : {}),
    ...('failure' in grant && grant.failure !== undefined ? { failure: grant.failure } : {}),
    ...('endedAtEpochSeconds' in grant ? { ended_at: timestamp(grant.endedAtEpochSeconds * 1000) } : {}),
  };
}

function party({ kind, id }: PartyReference): { type: string; id: string } {
  return { type: kind, id };
}

function credentialDocument(credential: Credential): NonNullable<GrantDocument['credential']> {
  const { status, handle } = credential;
  if (credential.status === 'live') return { status, handle, fingerprint: credential.fingerprint };
  if (credential.status !== 'revoked') return { status, handle };
  const { answer, how, probedAtEpochSeconds } = credential.receipt;
  return { status, handle, receipt: { answer, how, at: timestamp(probedAtEpochSeconds * 1000) } };
}
