import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { grantType, isHeld } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { type Deployment, findTarget, permissionsOf } from '../platform/deployment.ts';
import { durationSeconds, formatDuration } from '../platform/duration.ts';
import { type Change, creation, replacement } from '../platform/entity.ts';
import { StateConflict } from '../platform/failures.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { conflict, forbidden, invalidRequest, notFound } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import { type Caller, isPartyWithin, whoCalls } from '../verification/caller.ts';
import { referenceTo } from '../verification/session.ts';
import { type AccessRequest, accessRequestType, caseIds } from './access-request.ts';
import { type Idempotency, idempotencyId, idempotencyType } from './idempotency.ts';
import { NOT_STARTED } from './not-started.ts';
import type { AccessRequestBody } from './requests.routes.ts';
import type { WorkflowStarter } from './workflow-starter.port.ts';

/** How long an idempotency key is remembered. */
const IDEMPOTENCY_SECONDS = 24 * 3600;
/** A chain of parts of parts that is longer than this is no delegation that anybody follows. */
const MOST_ANCESTORS = 4;

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Ledger;
  readonly workflow: WorkflowStarter;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Takes a request for access and starts its workflow. The request is recorded before the workflow is started,
 * which is started once for each request however often this runs.
 */
export function submitAccessRequest({ deployment, ledger, workflow, clock, ids }: Dependencies) {
  return async (
    caller: Caller,
    body: AccessRequestBody,
    idempotencyKey: string | undefined,
  ): Promise<AccessRequest> => {
    const seconds = checkAgainst(deployment, caller, body);
    const now = epochSeconds(clock);
    const request: AccessRequest = {
      id: caseIds.request(ids.next()),
      status: 'submitted',
      txn: caller.txn,
      principal: referenceTo(caller.principal),
      actors: caller.actors.map(referenceTo),
      channel: caller.channel,
      session: caller.session,
      ...(caller.keyThumbprint === undefined ? {} : { keyThumbprint: caller.keyThumbprint }),
      ancestors: await ancestorsOf(caller, body),
      target: body.target,
      permissions: [...new Set(body.permissions)],
      durationSeconds: seconds,
      justification: body.justification,
      createdAtEpochSeconds: now,
    };
    const recorded =
      idempotencyKey === undefined
        ? await record(caller, request)
        : await recordOnce(caller, request, body, idempotencyKey);
    if (recorded.status === 'submitted') await startOrFail(recorded.id);
    return recorded;
  };

  /**
   * The grants of which a part is asked for, nearest first. What it asks for must be theirs, and whether they still
   * are is looked at again when it becomes active.
   */
  async function ancestorsOf(caller: Caller, body: AccessRequestBody): Promise<string[]> {
    if (body.parent === undefined) return [];
    const parent = (await ledger.read(grantType, body.parent))?.entity;
    if (parent === undefined || !isPartyWithin(caller, parent)) throw notFound('grant');
    if (!isHeld(parent, epochSeconds(clock)))
      throw conflict('grant-not-active', 'The grant of which a part is asked for is not active.');
    const more = body.permissions.filter((permission) => !parent.permissions.includes(permission));
    if (parent.target !== body.target || more.length > 0)
      throw invalidRequest(
        `A part of ${parent.id} is for its target, ${parent.target}, and holds of its permissions: ${parent.permissions.join(', ')}.`,
      );
    if (parent.ancestors.length >= MOST_ANCESTORS)
      throw invalidRequest(`A grant has at most ${MOST_ANCESTORS} above it.`);
    return [parent.id, ...parent.ancestors];
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

  /** The same key with the same body stands for the same request, also when both come at once. */
  function recordOnce(
    caller: Caller,
    request: AccessRequest,
    body: AccessRequestBody,
    key: string,
  ): Promise<AccessRequest> {
    const entry = {
      id: idempotencyId(caller, key),
      bodyHash: hashOf(body),
      requestId: request.id,
      expiresAtEpochSeconds: request.createdAtEpochSeconds + IDEMPOTENCY_SECONDS,
    };
    return rereadOnConflict(async () => {
      const known = await ledger.read(idempotencyType, entry.id);
      if (known === undefined) return record(caller, request, creation(idempotencyType, entry));
      const earlier = (await ledger.read(accessRequestType, known.entity.requestId))?.entity;
      if (earlier === undefined || isSpent(known.entity, earlier, request.createdAtEpochSeconds)) {
        return record(caller, request, replacement(idempotencyType, known, entry));
      }
      if (known.entity.bodyHash === entry.bodyHash) return earlier;
      throw conflict(
        'duplicate-request',
        'This Idempotency-Key came before with another body. Use a new key for a new request.',
        'urn:openid:authzen:access-request:error:duplicate_request',
      );
    });
  }

  async function record(
    caller: Caller,
    request: AccessRequest,
    idempotency?: Change,
  ): Promise<AccessRequest> {
    await ledger.commit({
      chain: request.id,
      opens: true,
      event: caseEvent(clock, request.txn, 'request.submitted', whoCalls(caller), {
        target: request.target,
        permissions: request.permissions,
        duration: formatDuration(request.durationSeconds),
        justification: request.justification,
        ...(request.ancestors[0] === undefined ? {} : { parent: request.ancestors[0] }),
      }),
      changes: [creation(accessRequestType, request), ...(idempotency === undefined ? [] : [idempotency])],
    });
    return request;
  }
}

/**
 * Whether a key may stand for a new request: its time is over, or its request was answered with "try the same
 * again" because its workflow was not confirmed to have started.
 */
function isSpent(
  { expiresAtEpochSeconds }: Idempotency,
  request: AccessRequest,
  nowEpochSeconds: number,
): boolean {
  const neverStarted = request.status === 'failed' && request.failure.state === NOT_STARTED.state;
  return nowEpochSeconds >= expiresAtEpochSeconds || neverStarted;
}

/** @returns the duration asked for, in seconds */
function checkAgainst(deployment: Deployment, caller: Caller, body: AccessRequestBody): number {
  const target = findTarget(deployment, body.target);
  if (target === undefined) {
    throw invalidRequest(`There is no target ${JSON.stringify(body.target)}.`);
  }
  const unknown = body.permissions.filter((permission) => !permissionsOf(target).includes(permission));
  if (unknown.length > 0) {
    throw invalidRequest(
      `Target ${target.id} has no permission ${unknown.map((one) => JSON.stringify(one)).join(', ')}. It has: ${permissionsOf(target).join(', ')}.`,
    );
  }
  const seconds = durationSeconds(body.duration) ?? 0;
  const most = durationSeconds(target.maximumDuration) ?? 0;
  if (seconds > most) {
    throw invalidRequest(
      `Target ${target.id} grants at most ${target.maximumDuration}; asked for: ${body.duration}.`,
    );
  }
  const actor = caller.actors[0];
  if (body.actor !== undefined && (actor?.id !== body.actor.id || actor.kind !== body.actor.type)) {
    throw forbidden(
      'actor-not-proven',
      'The token does not prove that this actor acts here. Exchange the subject token together with the actor token.',
    );
  }
  return seconds;
}

function hashOf(body: AccessRequestBody): string {
  return createHash('sha256')
    .update(canonicalize(body) ?? '')
    .digest('hex');
}
