import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { type Approval, approvalType } from '../../lambdas/approval/approval.ts';
import { verifyChain } from '../../lambdas/audit/chain.ts';
import type { AuditEvent } from '../../lambdas/audit/event.ts';
import { type Grant, grantType } from '../../lambdas/minting/grant.ts';
import type { Stored } from '../../lambdas/platform/entity.ts';
import { type AccessRequest, accessRequestType, caseIds } from '../../lambdas/requests/access-request.ts';
import { chainOf, executionStatusOf, historyOf, type Inspectable, ledgerOf } from './system-state.ts';

/** All that is kept of one request's case. */
export interface CaseState {
  readonly requestId: string;
  readonly request: Stored<AccessRequest> | undefined;
  readonly approval: Stored<Approval> | undefined;
  readonly grant: Stored<Grant> | undefined;
  readonly events: readonly AuditEvent[];
  readonly execution: { readonly status: string; readonly history: readonly HistoryEvent[] } | undefined;
}

/** Reads again what has moved on while it was read: what belongs together is of one moment. */
export async function readCase(sallyport: Inspectable, requestId: string): Promise<CaseState> {
  for (let before = await executionOf(sallyport, requestId); ; ) {
    const [[request, approval, grant], events] = await Promise.all([
      ledgerOf(sallyport).readAll([
        [accessRequestType, requestId],
        [approvalType, caseIds.approvalOf(requestId)],
        [grantType, caseIds.grantOf(requestId)],
      ]),
      chainOf(sallyport, requestId),
    ]);
    const execution = await executionOf(sallyport, requestId);
    if (execution?.history.length === before?.history.length)
      return { requestId, request, approval, grant, events, execution };
    before = execution;
  }
}

async function executionOf(sallyport: Inspectable, requestId: string): Promise<CaseState['execution']> {
  const status = await executionStatusOf(sallyport, requestId);
  return status === undefined ? undefined : { status, history: await historyOf(sallyport, requestId) };
}

/** How a case stands by what its chain tells: `credential` is the grant's. */
interface Standing {
  readonly request?: AccessRequest['status'];
  readonly approval?: Approval['status'];
  readonly grant?: Grant['status'];
  readonly credential?: 'prepared' | 'issuing' | 'live' | 'revoked';
}

/** What each event tells: the entities that changed in its transaction, and how they stand after it. */
const tellings: Readonly<Record<string, (event: AuditEvent, before: Standing) => Standing>> = {
  'request.submitted': () => ({ request: 'submitted' }),
  'requester.verified': () => ({ request: 'verified' }),
  'requester.refused': () => ({ request: 'denied' }),
  'access.decided': ({ details }) => {
    if (details['outcome'] === 'permitted') return { request: 'permitted', grant: 'pending' };
    return { request: details['outcome'] === 'approval_required' ? 'awaiting_approval' : 'denied' };
  },
  'approval.requested': () => ({ approval: 'pending' }),
  'approval.requested-again': () => ({ approval: 'pending' }),
  'approval.decided': ({ details }) => {
    if (details['status'] === 'approved')
      return { approval: 'approved', request: 'permitted', grant: 'pending' };
    return details['status'] === 'denied'
      ? { approval: 'denied', request: 'denied' }
      : { approval: 'pending' };
  },
  'approval.timed-out': () => ({ approval: 'expired', request: 'denied' }),
  'grant.activated': () => ({ request: 'approved', grant: 'active', credential: 'prepared' }),
  'grant.held': () => ({ grant: 'active' }),
  'credential.claimed': () => ({ grant: 'active', credential: 'issuing' }),
  'credential.issued': () => ({ grant: 'active', credential: 'live' }),
  'credential.not-issued': () => ({ grant: 'active', credential: 'prepared' }),
  'grant.returned': () => ({ grant: 'ending' }),
  'grant.ending': () => ({ grant: 'ending' }),
  'credential.revoked': () => ({ grant: 'ending', credential: 'revoked' }),
  'credential.unresolved': () => ({ grant: 'unresolved' }),
  'grant.ended': () => ({ grant: 'ended' }),
  'request.failed': (_event, { approval, grant }) => ({
    request: 'failed',
    ...(approval === 'pending' ? { approval: 'expired' } : {}),
    ...(grant === 'pending' ? { grant: 'abandoned' } : {}),
  }),
};

/** The others tell of what may be tried again: a claim, or a wait with a task token of another attempt. */
const onceAtMost = [
  'request.submitted',
  'requester.verified',
  'requester.refused',
  'access.decided',
  'approval.requested',
  'approval.timed-out',
  'grant.activated',
  'credential.issued',
  'grant.returned',
  'grant.ending',
  'credential.revoked',
  'credential.unresolved',
  'grant.ended',
  'request.failed',
];

/** Each attempt of the state begins its wait once. */
const waits = { RequestApproval: /^approval\.requested/, HoldGrant: /^grant\.held$/ };

/** What must hold of any case at any moment, whatever has happened to the system; what does not, in words. */
export function violationsOf(state: CaseState): string[] {
  const { requestId, events } = state;
  const verdict = verifyChain(requestId, events);
  if (!verdict.verified) return [`its chain does not verify at event ${verdict.sequence}: ${verdict.reason}`];
  const unknown = events.find(({ type }) => tellings[type] === undefined);
  if (unknown !== undefined) return [`nobody knows what ${unknown.type} tells`];
  return [
    ...doubledEvents(state),
    ...eventsAfterTheEnd(events),
    ...disagreements(state),
    ...(['request', 'approval', 'grant'] as const).flatMap((entity) => notToldLast(state, entity)),
  ];
}

function doubledEvents({ events, execution }: CaseState): string[] {
  const count = (matches: (event: AuditEvent) => boolean) => events.filter(matches).length;
  const doubled = onceAtMost
    .map((type) => ({ type, times: count((event) => event.type === type) }))
    .filter(({ times }) => times > 1)
    .map(({ type, times }) => `${type} is told ${times} times`);
  const voters = events.filter(({ type }) => type === 'approval.decided').map(({ who }) => voterOf(who));
  if (new Set(voters).size < voters.length) doubled.push(`somebody's vote is told twice: ${voters.join()}`);
  const attempts = attemptsByState(execution?.history ?? []);
  for (const [state, told] of Object.entries(waits)) {
    const [times, attempted] = [count(({ type }) => told.test(type)), attempts.get(state) ?? 0];
    if (times > attempted) doubled.push(`${state} began to wait ${times} times in ${attempted} attempts`);
  }
  return doubled;
}

const voterOf = (who: AuditEvent['who']) => ('principal' in who ? who.principal.id : who.service);

/** How often each state's call was scheduled. */
function attemptsByState(history: readonly HistoryEvent[]): ReadonlyMap<string, number> {
  const attempts = new Map<string, number>();
  let state = '';
  for (const { type = '', stateEnteredEventDetails } of history) {
    state = stateEnteredEventDetails?.name ?? state;
    if (type.endsWith('Scheduled')) attempts.set(state, (attempts.get(state) ?? 0) + 1);
  }
  return attempts;
}

/** How the case stands after its events, and which of them told last of each entity. */
function follow(events: readonly AuditEvent[]) {
  let standing: Standing = {};
  const last: { -readonly [Entity in keyof Standing]?: AuditEvent } = {};
  for (const event of events) {
    const told = tellings[event.type]?.(event, standing) ?? {};
    for (const entity of Object.keys(told) as (keyof Standing)[]) last[entity] = event;
    standing = { ...standing, ...told };
  }
  return { standing, last };
}

function isOver({ request, grant }: Standing): boolean {
  return request === 'denied' || request === 'failed' || grant === 'ended' || grant === 'abandoned';
}

function eventsAfterTheEnd(events: readonly AuditEvent[]): string[] {
  const end = events.findIndex((_event, index) => isOver(follow(events.slice(0, index + 1)).standing));
  const after = end === -1 ? [] : events.slice(end + 1);
  return after.map(({ type }) => `${type} is told after the end`);
}

function disagreements({ request, approval, grant, events }: CaseState): string[] {
  const told = follow(events).standing;
  const credential =
    grant !== undefined && 'credential' in grant.entity ? grant.entity.credential.status : undefined;
  const kept: Standing = {
    ...(request && { request: request.entity.status }),
    ...(approval && { approval: approval.entity.status }),
    ...(grant && { grant: grant.entity.status }),
    ...(credential && { credential }),
  };
  return (['request', 'approval', 'grant', 'credential'] as const)
    .filter((entity) => kept[entity] !== told[entity])
    .map((entity) => `its ${entity} is ${kept[entity]}, its chain tells ${told[entity]}`);
}

function notToldLast(state: CaseState, entity: 'request' | 'approval' | 'grant'): string[] {
  const last = follow(state.events).last[entity];
  const toldBy = state[entity]?.toldBy;
  if (toldBy?.hash === last?.hash) return [];
  return [
    `its ${entity} was last changed by event ${toldBy?.sequence}, not by ${last?.sequence} ${last?.type}`,
  ];
}

/** Whether the case is over, which is final. */
export function hasEnded(state: CaseState): boolean {
  return isOver(follow(state.events).standing);
}

/**
 * Why a case is not at rest while nobody does anything; undefined where it is: its execution waits for people or
 * for the grant's end, whose time has not come, or both case and execution have ended.
 */
export function unrestOf(state: CaseState, nowEpochMilliseconds: number): string | undefined {
  const { execution, approval, grant } = state;
  if (execution === undefined) return 'it has no execution';
  const lastEvent = execution.history.at(-1)?.type;
  const place = `its execution is ${execution.status} at ${stateOf(execution.history)}, ${lastEvent}`;
  if (hasEnded(state)) return execution.status === 'RUNNING' ? `it is over, but ${place}` : undefined;
  if (execution.status === 'RUNNING' && lastEvent === 'TaskSubmitted') {
    const [held, asked] = [grant?.entity, approval?.entity];
    const until = (expiresAtEpochSeconds: number) => nowEpochMilliseconds < expiresAtEpochSeconds * 1000;
    if (stateOf(execution.history) === 'HoldGrant' && held?.status === 'active') {
      return until(held.expiresAtEpochSeconds) ? undefined : 'its grant is held after its time';
    }
    if (stateOf(execution.history) === 'RequestApproval' && asked?.status === 'pending') {
      return until(asked.expiresAtEpochSeconds) ? undefined : 'its approval is awaited after its time';
    }
  }
  return `${place}; ${state.events.at(-1)?.type} was told last`;
}

function stateOf(history: readonly HistoryEvent[]): string | undefined {
  return history.findLast(({ stateEnteredEventDetails }) => stateEnteredEventDetails !== undefined)
    ?.stateEnteredEventDetails?.name;
}
