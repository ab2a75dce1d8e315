import { approvalType } from '../approval/approval.ts';
import { grantType } from '../minting/grant.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { notFound } from '../platform/problem.ts';
import { type Caller, isParty } from '../verification/caller.ts';
import { accessRequestType, caseIds } from './access-request.ts';
import type { Task } from './requests.routes.ts';
import { taskOf } from './task.ts';

/** The status of a request, for its parties. */
export function readAccessRequest({ ledger }: { readonly ledger: Pick<Ledger, 'read' | 'readAll'> }) {
  return async (caller: Caller, id: string): Promise<Task> => {
    const request = (await ledger.read(accessRequestType, id))?.entity;
    if (request === undefined || !isParty(caller, request)) throw notFound('request');
    // Until it is decided there is nothing else to read, and until then it is asked for most often.
    if (request.status === 'submitted' || request.status === 'verified') return taskOf(request);
    const [approval, grant] = await ledger.readAll([
      [approvalType, caseIds.approvalOf(id)],
      [grantType, caseIds.grantOf(id)],
    ]);
    return taskOf(request, approval?.entity, grant?.entity);
  };
}
