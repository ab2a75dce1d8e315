import { timeDocument } from '../platform/documents.ts';
import type { Authenticator } from './authenticator.ts';
import type { AuthenticatorDocument } from './authenticators.routes.ts';
import { isForAal3 } from './enrolment.ts';

/** An authenticator as its owner sees it. */
export function authenticatorDocument(one: Authenticator): AuthenticatorDocument {
  return {
    id: one.id,
    type: one.kind,
    name: one.name,
    status: one.status,
    created_at: timeDocument(one.createdAtEpochSeconds),
    ...(one.kind === 'passkey' ? { synced: one.backupEligible, hardware: isForAal3(one) } : {}),
  };
}
