import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { limitOf, type PageQuery } from '../platform/page.ts';
import type { PageCursors } from '../platform/page-cursor.port.ts';
import { invalidRequest, notFound } from '../platform/problem.ts';
import { type Caller, groupsOf, isInAny, isParty } from '../verification/caller.ts';
import { type Approval, approvalType } from './approval.ts';

interface Dependencies {
  readonly ledger: Pick<Ledger, 'read' | 'list'>;
  readonly cursors: PageCursors;
  readonly clock: Clock;
}

/** A place in the inboxes of several groups, read one after the other. */
interface Place {
  readonly group: string;
  readonly after: string | null;
}

/**
 * The approvals that wait for the caller: the inboxes of the caller's groups, one after the other, without
 * those that the caller must not decide or has decided.
 */
export function listApprovals({ ledger, cursors, clock }: Dependencies) {
  return async (
    caller: Caller,
    query: PageQuery,
  ): Promise<{ approvals: readonly Approval[]; cursor?: string }> => {
    const groups = groupsOf(caller).sort();
    const list = `INBOX#${caller.principal.id}`;
    const limit = limitOf(query);
    const found = new Map<string, Approval>();
    let place: Place | undefined =
      query.cursor === undefined
        ? firstOf(groups, 0)
        : (JSON.parse(await cursors.open(query.cursor, list)) as Place);
    // Whoever has left a group since its page was given sees no more of it.
    if (place !== undefined && !groups.includes(place.group)) {
      throw invalidRequest('The cursor is not one of this list any more. Start from the first page.');
    }
    while (place !== undefined && found.size < limit) {
      const { group, after } = place;
      const page = await ledger.list(
        approvalType,
        { kind: 'INBOX', name: group },
        { limit: limit - found.size, ...(after === null ? {} : { after }) },
      );
      for (const approval of page.items) {
        if (awaits(approval, caller, epochSeconds(clock))) found.set(approval.id, approval);
      }
      place =
        page.next === undefined ? firstOf(groups, groups.indexOf(group) + 1) : { group, after: page.next };
    }
    return {
      approvals: [...found.values()],
      ...(place === undefined ? {} : { cursor: await cursors.seal(JSON.stringify(place), list) }),
    };
  };
}

function firstOf(groups: readonly string[], index: number): Place | undefined {
  const group = groups[index];
  return group === undefined ? undefined : { group, after: null };
}

/** One approval, for those who may decide it and for the parties of its request. */
export function readApproval({ ledger }: Pick<Dependencies, 'ledger'>) {
  return async (caller: Caller, id: string): Promise<Approval> => {
    const approval = (await ledger.read(approvalType, id))?.entity;
    const asked = approval?.requirements.some(({ approvers }) => isInAny(caller, [approvers]));
    const voted =
      caller.actors.length === 0 && approval?.votes.some(({ approver }) => approver === caller.principal.id);
    if (approval === undefined || !(asked || voted || isParty(caller, approval))) throw notFound('approval');
    return approval;
  };
}

function awaits(approval: Approval, caller: Caller, nowEpochSeconds: number): boolean {
  return (
    approval.status === 'pending' &&
    nowEpochSeconds < approval.expiresAtEpochSeconds &&
    !approval.excluded.includes(caller.principal.id) &&
    !approval.votes.some(({ approver }) => approver === caller.principal.id)
  );
}
