import { findResource, TARGET } from '../decision/resource.ts';
import { grantType, isHeld } from '../minting/grant.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { type Deployment, findTarget, permissionsOf } from '../platform/deployment.ts';
import { durationSeconds } from '../platform/duration.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { conflict, invalidRequest, notFound } from '../platform/problem.ts';
import { type Caller, isPartyWithin } from '../verification/caller.ts';
import type { AccessRequest } from './access-request.ts';
import { requireProvenActors } from './proven-actors.ts';
import { recordRequests, type Wanted } from './record-requests.step.ts';
import { requireGrantable } from './requested-duration.ts';
import type { AccessRequestBody } from './requests.routes.ts';
import type { WorkflowStarter } from './workflow-starter.port.ts';

/** A chain of parts of parts that is longer than this is no delegation that anybody follows. */
const MOST_ANCESTORS = 4;

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Ledger;
  readonly workflow: WorkflowStarter;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Takes a request for access without a denial before it: it is decided like any other, on its path (ADR 0004). */
export function submitAccessRequest({ deployment, ledger, workflow, clock, ids }: Dependencies) {
  const record = recordRequests({ ledger, workflow, clock, ids });

  return async (
    caller: Caller,
    body: AccessRequestBody,
    idempotencyKey: string | undefined,
  ): Promise<AccessRequest> => {
    const recorded = await record(caller, body, idempotencyKey, () => understand(caller, body));
    if (!('request' in recorded)) throw new BrokenInvariant('One request was recorded as several');
    return recorded.request;
  };

  async function understand(caller: Caller, body: AccessRequestBody): Promise<Wanted> {
    const seconds = checkAgainst(deployment, caller, body);
    return {
      ancestors: await ancestorsOf(caller, body),
      target: body.target,
      ...(body.resource === undefined ? {} : { resource: body.resource }),
      permissions: [...new Set(body.permissions)],
      durationSeconds: seconds,
      justification: body.justification,
    };
  }

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
    if (parent.resource !== undefined && !isSameThing(parent.resource, body.resource))
      throw invalidRequest(
        `A part of ${parent.id} is for what it is for: ${parent.resource.type} ${JSON.stringify(parent.resource.id)}.`,
      );
    if (parent.ancestors.length >= MOST_ANCESTORS)
      throw invalidRequest(`A grant has at most ${MOST_ANCESTORS} above it.`);
    return [parent.id, ...parent.ancestors];
  }
}

function isSameThing(
  one: { readonly type: string; readonly id: string },
  other: { readonly type: string; readonly id: string } | undefined,
): boolean {
  return one.type === other?.type && one.id === other.id;
}

/** @returns the duration asked for, in seconds */
function checkAgainst(deployment: Deployment, caller: Caller, body: AccessRequestBody): number {
  const target = findTarget(deployment, body.target);
  if (target === undefined) {
    throw invalidRequest(`There is no target ${JSON.stringify(body.target)}.`);
  }
  const { resource } = body;
  if (
    resource !== undefined &&
    (resource.type === TARGET || findResource(deployment, resource)?.target !== target)
  ) {
    throw invalidRequest(
      `Target ${target.id} has no resources of type ${JSON.stringify(resource.type)}. Leave \`resource\` out to ask for the target itself.`,
    );
  }
  const unknown = body.permissions.filter((permission) => !permissionsOf(target).includes(permission));
  if (unknown.length > 0) {
    throw invalidRequest(
      `Target ${target.id} has no permission ${unknown.map((one) => JSON.stringify(one)).join(', ')}. It has: ${permissionsOf(target).join(', ')}.`,
    );
  }
  const seconds = requireGrantable(durationSeconds(body.duration) ?? 0, target);
  if (body.actor !== undefined) requireProvenActors(caller, body.actor);
  return seconds;
}
