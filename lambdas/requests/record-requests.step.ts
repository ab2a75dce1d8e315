import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { formatDuration } from '../platform/duration.ts';
import { type Change, creation, replacement } from '../platform/entity.ts';
import { BrokenInvariant, DependencyUnavailable, StateConflict } from '../platform/failures.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { type Caller, whoCalls } from '../verification/caller.ts';
import { referenceTo } from '../verification/session.ts';
import { type AccessRequest, type AccessRequestIn, accessRequestType, caseIds } from './access-request.ts';
import { type Idempotency, idempotencyId, idempotencyType } from './idempotency.ts';
import { NOT_STARTED } from './not-started.ts';
import { requestProblem } from './problems.ts';
import {
  type BundleItem,
  bundleId,
  canBeCompleted,
  isBundleId,
  type RequestBundle,
  requestBundleType,
  requestIdsOf,
} from './request-bundle.ts';
import type { WorkflowStarter } from './workflow-starter.port.ts';

/** How long an idempotency key is remembered. */
const IDEMPOTENCY_SECONDS = 24 * 3600;

interface Dependencies {
  readonly ledger: Ledger;
  readonly workflow: WorkflowStarter;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** What is asked for, by whoever calls. */
export type Wanted = Pick<
  AccessRequest,
  | 'target'
  | 'resource'
  | 'circumstances'
  | 'permissions'
  | 'durationSeconds'
  | 'justification'
  | 'emergency'
  | 'evaluation'
  | 'ancestors'
>;

/** Several things that are asked for together: the items, each with the place of what is wanted for it. */
export interface WantedTogether {
  readonly wanted: readonly Wanted[];
  readonly items: readonly (Omit<BundleItem, 'requestId'> & { readonly place: number })[];
}

/** What was recorded: one request, or several with what holds them together. */
export type Recorded =
  | { readonly request: AccessRequest }
  | { readonly bundle: RequestBundle; readonly requests: readonly AccessRequest[] };

/**
 * Records what is asked for and starts its workflow, or workflows. A request is recorded before its workflow is started,
 * which is started once for each request however often this runs. The same key with the same body stands for what was
 * recorded with it; `understand` is asked only for what is new, and may refuse it.
 */
export function recordRequests({ ledger, workflow, clock, ids }: Dependencies) {
  return async (
    caller: Caller,
    body: object,
    idempotencyKey: string | undefined,
    understand: () => Promise<Wanted | WantedTogether>,
  ): Promise<Recorded> => {
    // The same key may come twice at once: whoever is second finds what the first has recorded.
    const task = await rereadOnConflict(() => recordedTask(caller, body, idempotencyKey, understand));
    return typeof task === 'string' ? complete(caller, task) : startOne(task);
  };

  /** The request, or the id of a bundle. */
  async function recordedTask(
    caller: Caller,
    body: object,
    key: string | undefined,
    understand: () => Promise<Wanted | WantedTogether>,
  ): Promise<AccessRequest | string> {
    const now = epochSeconds(clock);
    if (key === undefined) return record(caller, await understand(), now);
    const entry = { id: idempotencyId(caller, key), bodyHash: hashOf(body) };
    const known = await ledger.read(idempotencyType, entry.id);
    const earlier = known && (await taskOf(known.entity, now));
    if (earlier !== undefined) {
      if (known?.entity.bodyHash === entry.bodyHash) return earlier;
      throw requestProblem(
        'duplicate_request',
        'This Idempotency-Key came before with another body. Use a new key for a new request.',
      );
    }
    return record(caller, await understand(), now, (requestId) => {
      const remembered = { ...entry, requestId, expiresAtEpochSeconds: now + IDEMPOTENCY_SECONDS };
      return known === undefined
        ? creation(idempotencyType, remembered)
        : replacement(idempotencyType, known, remembered);
    });
  }

  /**
   * What a key stands for: nothing any more where its time is over, or where its request was answered with "try the same
   * again" because its workflow was not confirmed to have started.
   */
  async function taskOf(
    { expiresAtEpochSeconds, requestId }: Idempotency,
    now: number,
  ): Promise<AccessRequest | string | undefined> {
    if (now >= expiresAtEpochSeconds) return undefined;
    if (isBundleId(requestId)) return requestId;
    const request = (await ledger.read(accessRequestType, requestId))?.entity;
    const neverStarted = request?.status === 'failed' && request.failure.state === NOT_STARTED.state;
    return neverStarted ? undefined : request;
  }

  async function record(
    caller: Caller,
    wanted: Wanted | WantedTogether,
    now: number,
    remember?: (taskId: string) => Change,
  ): Promise<AccessRequest | string> {
    if (!('items' in wanted)) {
      const request = submitted(caller, wanted, now);
      await recordOne(caller, request, remember === undefined ? [] : [remember(request.id)]);
      return request;
    }
    const unrecorded = wanted.wanted.map((one) => submitted(caller, one, now));
    const bundle: RequestBundle = {
      id: bundleId(ids.next()),
      txn: caller.txn,
      principal: referenceTo(caller.principal),
      actors: caller.actors.map(referenceTo),
      items: wanted.items.map(({ resource, action, place }) => {
        const requestId = unrecorded[place]?.id;
        if (requestId === undefined) throw new BrokenInvariant('An item has no request');
        return { resource, action, requestId };
      }),
      unrecorded,
      createdAtEpochSeconds: now,
    };
    await ledger.commit({
      chain: bundle.id,
      opens: true,
      event: caseEvent(clock, bundle.txn, 'requests.submitted', whoCalls(caller), {
        requests: requestIdsOf(bundle),
      }),
      changes: [
        creation(requestBundleType, bundle),
        ...(remember === undefined ? [] : [remember(bundle.id)]),
      ],
    });
    return bundle.id;
  }

  function submitted(caller: Caller, wanted: Wanted, now: number): AccessRequestIn<'submitted'> {
    return {
      id: caseIds.request(ids.next()),
      status: 'submitted',
      txn: caller.txn,
      principal: referenceTo(caller.principal),
      actors: caller.actors.map(referenceTo),
      channel: caller.channel,
      session: caller.session,
      ...(caller.keyThumbprint === undefined ? {} : { keyThumbprint: caller.keyThumbprint }),
      ...wanted,
      createdAtEpochSeconds: now,
    };
  }

  async function recordOne(
    caller: Caller,
    request: AccessRequestIn<'submitted'>,
    withIt: readonly Change[],
    bundle?: string,
  ): Promise<void> {
    const { target, resource, permissions, durationSeconds, justification, ancestors } = request;
    await ledger.commit({
      chain: request.id,
      opens: true,
      event: caseEvent(clock, request.txn, 'request.submitted', whoCalls(caller), {
        target,
        ...(resource === undefined ? {} : { resource: { type: resource.type, id: resource.id } }),
        permissions,
        duration: formatDuration(durationSeconds),
        justification,
        ...(request.emergency === undefined ? {} : { emergency: request.emergency }),
        ...(request.evaluation === undefined ? {} : { evaluation: request.evaluation }),
        ...(ancestors[0] === undefined ? {} : { parent: ancestors[0] }),
        ...(bundle === undefined ? {} : { bundle }),
      }),
      changes: [creation(accessRequestType, request), ...withIt],
    });
  }

  async function startOne(request: AccessRequest): Promise<Recorded> {
    if (request.status === 'submitted') await startOrFail(request.id);
    return { request };
  }

  /** Records what is still to be recorded of a bundle, one request after the other, then starts their workflows. */
  async function complete(caller: Caller, id: string): Promise<Recorded> {
    while (await rereadOnConflict(() => recordNext(caller, id)));
    const bundle = (await ledger.read(requestBundleType, id))?.entity;
    if (bundle === undefined) throw new BrokenInvariant('A bundle that was recorded is gone');
    const found = await ledger.readAll(
      requestIdsOf(bundle).map((requestId) => [accessRequestType, requestId] as const),
    );
    const requests = found.flatMap((one) => one?.entity ?? []);
    for (const { id: requestId } of requests.filter(({ status }) => status === 'submitted')) {
      await startOrFail(requestId).catch((error: unknown) => {
        // Its item says so; the others go on.
        if (!(error instanceof DependencyUnavailable)) throw error;
      });
    }
    return { bundle, requests };
  }

  /** @returns whether there was one: cancelling a bundle, or completing it twice at once, is seen at each step */
  async function recordNext(caller: Caller, id: string): Promise<boolean> {
    const stored = await ledger.read(requestBundleType, id);
    const [next, ...unrecorded] = stored?.entity.unrecorded ?? [];
    if (stored === undefined || next === undefined || !canBeCompleted(stored.entity, epochSeconds(clock)))
      return false;
    await recordOne(
      caller,
      next,
      [replacement(requestBundleType, stored, { ...stored.entity, unrecorded })],
      id,
    );
    return true;
  }

  /** A start that was not confirmed may have happened: a workflow that finds its request failed ends at once. */
  async function startOrFail(requestId: string): Promise<void> {
    try {
      await workflow.start(requestId);
    } catch (error) {
      await recordNotStarted(requestId).catch((notRecorded: unknown) => {
        // It did start, and goes on meanwhile.
        if (!(notRecorded instanceof StateConflict)) throw notRecorded;
      });
      throw error;
    }
  }

  async function recordNotStarted(requestId: string): Promise<void> {
    const stored = await ledger.read(accessRequestType, requestId);
    if (stored?.entity.status !== 'submitted') return;
    await ledger.commit({
      chain: requestId,
      event: caseEvent(
        clock,
        stored.entity.txn,
        'request.failed',
        { service: 'submit-access-request' },
        NOT_STARTED,
      ),
      changes: [
        replacement(accessRequestType, stored, {
          ...stored.entity,
          status: 'failed',
          failure: NOT_STARTED,
          endedAtEpochSeconds: epochSeconds(clock),
        }),
      ],
    });
  }
}

function hashOf(body: object): string {
  return createHash('sha256')
    .update(canonicalize(body) ?? '')
    .digest('hex');
}
