import type { GrantIn } from '../minting/grant.ts';
import { type AccessRequest, caseIds } from './access-request.ts';

/** The grant that follows from a request, once it was decided and, where asked for, approved. */
export function pendingGrant(
  request: AccessRequest,
  granted: { readonly permissions: readonly string[]; readonly durationSeconds: number },
  nowEpochSeconds: number,
  approval?: GrantIn<'pending'>['approval'],
): GrantIn<'pending'> {
  return {
    id: caseIds.grantOf(request.id),
    status: 'pending',
    requestId: request.id,
    txn: request.txn,
    principal: request.principal,
    actors: request.actors,
    session: request.session,
    ancestors: request.ancestors,
    ...(request.keyThumbprint === undefined ? {} : { keyThumbprint: request.keyThumbprint }),
    target: request.target,
    ...(request.resource === undefined ? {} : { resource: request.resource }),
    ...(request.circumstances === undefined ? {} : { circumstances: request.circumstances }),
    permissions: [...granted.permissions],
    durationSeconds: granted.durationSeconds,
    ...(approval === undefined ? {} : { approval }),
    createdAtEpochSeconds: nowEpochSeconds,
  };
}
