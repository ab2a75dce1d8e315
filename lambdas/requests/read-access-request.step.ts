import { approvalType } from '../approval/approval.ts';
import { grantType } from '../minting/grant.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { notFound } from '../platform/problem.ts';
import { type Caller, isParty } from '../verification/caller.ts';
import { accessRequestType, caseIds } from './access-request.ts';
import type { Task } from './requests.routes.ts';
import { taskOf } from './task.ts';

/** The status of a request, for its parties. */
export function readAccessRequest({ ledger }: { readonly ledger: Pick<Ledger, 'read'> }) {
  return async (caller: Caller, id: string): Promise<Task> => {
    const [request, approval, grant] = await Promise.all([
      ledger.read(accessRequestType, id),
      ledger.read(approvalType, caseIds.approvalOf(id)),
      ledger.read(grantType, caseIds.grantOf(id)),
    ]);
    if (request === undefined || !isParty(caller, request.entity)) throw notFound('request');
    return taskOf(request.entity, approval?.entity, grant?.entity);
  };
}
