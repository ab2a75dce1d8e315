import canonicalize from 'canonicalize';
import type { DenialBindings } from '../decision/denial-bindings.port.ts';
import type { BoundDenial, DeniedQuestion } from '../decision/denied-question.ts';
import { findResource, isPermissionOf, TARGET } from '../decision/resource.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Deployment, Target } from '../platform/deployment.ts';
import { partyDocument } from '../platform/documents.ts';
import { durationSeconds } from '../platform/duration.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { forbidden, invalidRequest } from '../platform/problem.ts';
import type { Caller } from '../verification/caller.ts';
import { followedDenial } from './followed-denial.ts';
import { requestProblem } from './problems.ts';
import { requireProvenActors } from './proven-actors.ts';
import { type Recorded, recordRequests, type Wanted, type WantedTogether } from './record-requests.step.ts';
import { requireGrantable } from './requested-duration.ts';
import type { DeniedAccessBody, DeniedItem, RequestedAccess } from './requests.routes.ts';
import type { WorkflowStarter } from './workflow-starter.port.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly denials: DenialBindings;
  readonly ledger: Ledger;
  readonly workflow: WorkflowStarter;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** What a context says besides the circumstances of an evaluation. */
const NO_CIRCUMSTANCES = ['business_justification', 'requested_duration', 'approval'];

/**
 * Takes a request that follows from a denial, or several of them together (AuthZEN Access Request and Approval Profile,
 * access request submission). The subject itself asks, or who acts for it as when it was denied.
 * @throws Problem 403 where somebody else asks, or for an actor that the token does not prove
 */
export function submitDenied({ deployment, denials, ledger, workflow, clock, ids }: Dependencies) {
  const record = recordRequests({ ledger, workflow, clock, ids });

  return async (
    caller: Caller,
    body: DeniedAccessBody,
    idempotencyKey: string | undefined,
  ): Promise<Recorded> => {
    if (body.subject.id !== caller.principal.id || body.subject.type !== caller.principal.kind)
      throw forbidden(
        'not-the-subject',
        'Who was denied asks for itself. An enforcement point passes the denial on to whom it concerns.',
      );
    if (body.client?.actor !== undefined) requireProvenActors(caller, body.client.actor);
    return record(caller, body, idempotencyKey, () => understand(caller, body));
  };

  async function understand(caller: Caller, body: DeniedAccessBody): Promise<Wanted | WantedTogether> {
    const { resource, action, items } = body;
    if (items !== undefined)
      return together(await Promise.all(items.map((item) => wantedFor(caller, body, item))));
    if (resource === undefined || action === undefined)
      throw invalidRequest('Name one resource and action, or items.');
    return (await wantedFor(caller, body, { resource, action })).wanted;
  }

  interface WantedItem {
    readonly item: DeniedItem;
    readonly wanted: Wanted;
  }

  async function wantedFor(caller: Caller, body: DeniedAccessBody, item: DeniedItem): Promise<WantedItem> {
    const now = epochSeconds(clock);
    const bound = await followedDenial(
      denials,
      repeatedIn(caller, body, item),
      item.denial ?? body.denial,
      now,
    );
    const found = findResource(deployment, bound.resource);
    if (found === undefined || !isPermissionOf(found, bound.action))
      throw requestProblem('not_requestable', 'What was denied is not governed here any more.');
    const access = { ...timeFree(body.requested_access, item.requested_access), ...item.requested_access };
    const asked = requestedSeconds(access, body.context, found.target, now);
    return {
      item,
      wanted: {
        target: found.target.id,
        ...(found.type === TARGET ? {} : { resource: bound.resource }),
        ...(bound.context === undefined ? {} : { circumstances: bound.context }),
        permissions: [bound.action],
        durationSeconds: requireGrantable(asked, found.target),
        justification: body.context?.business_justification ?? '',
        ...(access.emergency === true ? { emergency: true as const } : {}),
        evaluation: bound.id,
        ancestors: [],
      },
    };
  }

  /** Permissions on one thing, for one time, are one request: its approvers are asked once. */
  function together(wantedItems: readonly WantedItem[]): WantedTogether {
    const groups = new Map<string, { place: number; wanted: Wanted }>();
    const items = wantedItems.map(({ item, wanted }) => {
      const { permissions, evaluation: _, ...same } = wanted;
      const key = canonicalize(same) ?? '';
      const known = groups.get(key);
      const place = known?.place ?? groups.size;
      groups.set(key, {
        place,
        wanted: {
          ...(known?.wanted ?? wanted),
          permissions: [...new Set([...(known?.wanted.permissions ?? []), ...permissions])],
        },
      });
      return { resource: item.resource, action: item.action.name, place };
    });
    return { items, wanted: [...groups.values()].map((group) => group.wanted) };
  }
}

/** The question that was denied, as the submission repeats it. */
function repeatedIn(
  caller: Caller,
  { subject, context }: DeniedAccessBody,
  item: DeniedItem,
): DeniedQuestion {
  const circumstances = Object.entries(context ?? {}).filter(([name]) => !NO_CIRCUMSTANCES.includes(name));
  return {
    subject: { type: subject.type, id: subject.id },
    actors: caller.actors.map(partyDocument),
    action: item.action.name,
    resource: item.resource,
    ...(circumstances.length === 0
      ? {}
      : { context: Object.fromEntries(circumstances) as BoundDenial['context'] }),
  };
}

/** What is asked for all items, without its time where an item says its own. */
function timeFree(all: RequestedAccess = {}, own: RequestedAccess = {}): RequestedAccess {
  if (own.requested_duration === undefined && own.requested_until === undefined) return all;
  const { requested_duration: _, requested_until: __, ...others } = all;
  return others;
}

/** The time that is asked for; where none is, as in an evaluation, the longest that there is. */
function requestedSeconds(
  { requested_duration: duration, requested_until: until }: RequestedAccess,
  context: DeniedAccessBody['context'],
  { maximumDuration }: Target,
  now: number,
): number {
  if (until !== undefined) {
    const seconds = Math.floor(Date.parse(until) / 1000) - now;
    if (seconds <= 0) throw invalidRequest(`requested_until is over: ${until}.`);
    return seconds;
  }
  const meant = context?.['requested_duration'];
  return (
    durationSeconds(duration ?? (typeof meant === 'string' ? meant : '')) ??
    durationSeconds(maximumDuration) ??
    0
  );
}
