import type { Who } from '../audit/event.ts';
import { type Grant, grantType } from '../minting/grant.ts';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { type Deployment, findTarget } from '../platform/deployment.ts';
import { durationSeconds, formatDuration } from '../platform/duration.ts';
import { type Change, creation, replacement } from '../platform/entity.ts';
import { BrokenInvariant } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import {
  type AccessRequest,
  type AccessRequestIn,
  accessRequestType,
  deny,
} from '../requests/access-request.ts';
import { pendingGrant } from '../requests/pending-grant.ts';
import { whoIn } from '../verification/session.ts';
import { type Standing, standingOf } from '../verification/standing.ts';
import { type AccessDecision, attainable, type DecisionOutcome, outcomeOf } from './access-decision.ts';
import { decidePermission } from './decide.ts';
import type { PolicyEngine } from './policy-engine.port.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly engine: PolicyEngine;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export interface DecideAccessOutput {
  outcome: DecisionOutcome;
  /** How long the approval may take. */
  approvalTimeoutSeconds: number;
}

/**
 * Decides each permission of a request by itself. A permit makes the grant, in the same transaction; a denial
 * ends the request; an obligation to be approved leaves it waiting.
 */
export function decideAccess({ deployment, engine, ledger, clock }: Dependencies) {
  const approvalTimeoutSeconds = durationSeconds(deployment.approvalTimeout) ?? 0;

  return async ({ requestId }: { requestId: string }): Promise<DecideAccessOutput> => {
    const stored = await ledger.read(accessRequestType, requestId);
    if (stored === undefined) throw new BrokenInvariant('A workflow runs for a request that is not recorded');
    const request = stored.entity;
    if (request.status !== 'verified') return { outcome: outcomeBefore(request), approvalTimeoutSeconds };
    const now = epochSeconds(clock);
    const standing = await standingOf(ledger, request, now);
    const decided = 'refused' in standing ? refuse(request, standing, now) : decide(request, standing, now);
    await ledger.commit({
      chain: request.id,
      event: caseEvent(clock, request.txn, 'access.decided', decided.who, {
        outcome: decided.outcome,
        ...decided.details,
      }),
      changes: [replacement(accessRequestType, stored, decided.request), ...decided.alsoMade],
    });
    return { outcome: decided.outcome, approvalTimeoutSeconds };
  };

  interface Decided {
    readonly outcome: DecisionOutcome;
    readonly request: AccessRequest;
    readonly alsoMade: readonly Change[];
    readonly who: Who;
    readonly details: Record<string, string | { permission: string; outcome: string; policies: string[] }[]>;
  }

  function decide(
    request: AccessRequestIn<'verified'>,
    { session, presence, assurance, parties }: Exclude<Standing, { refused: unknown }>,
    now: number,
  ): Decided {
    const target = findTarget(deployment, request.target);
    if (target === undefined)
      throw new BrokenInvariant('A request names a target that the deployment does not have');
    const permissions = request.permissions.map((permission) =>
      decidePermission(engine, permission, {
        parties,
        target,
        channel: request.channel,
        assurance,
        requestedDurationSeconds: request.durationSeconds,
        approvals: [],
      }),
    );
    const decision: AccessDecision = {
      permissions,
      evidence: [...assurance.evidence],
      durationSeconds: longestFor(request, permissions),
      decidedAtEpochSeconds: now,
    };
    const outcome = outcomeOf(permissions);
    return {
      outcome,
      ...transition(request, decision, outcome, now),
      who: whoIn(session, presence, assurance),
      details: {
        permissions: permissions.map(({ permission, outcome, policies }) => ({
          permission,
          outcome,
          policies,
        })),
        duration: formatDuration(decision.durationSeconds),
      },
    };
  }
}

/** Those who asked have lost their standing since they were verified. */
function refuse(
  request: AccessRequestIn<'verified'>,
  { refused }: Extract<Standing, { refused: unknown }>,
  now: number,
) {
  return {
    outcome: 'denied' as const,
    request: deny(request, refused, now),
    alsoMade: [],
    who: { service: 'decide-access' },
    details: { reason: refused },
  };
}

function transition(
  request: AccessRequestIn<'verified'>,
  decision: AccessDecision,
  outcome: DecisionOutcome,
  now: number,
): { request: AccessRequest; alsoMade: Change[] } {
  switch (outcome) {
    case 'permitted': {
      const permissions = attainable(decision.permissions).map(({ permission }) => permission);
      const grant: Grant = pendingGrant(
        request,
        { permissions, durationSeconds: decision.durationSeconds },
        now,
      );
      return {
        request: { ...request, status: 'permitted', decision },
        alsoMade: [creation(grantType, grant)],
      };
    }
    case 'approval_required':
      return { request: { ...request, status: 'awaiting_approval', decision }, alsoMade: [] };
    case 'step_up_required':
      return { request: { ...deny(request, 'step_up_required', now), decision }, alsoMade: [] };
    case 'denied':
      return { request: { ...deny(request, 'policy', now), decision }, alsoMade: [] };
  }
}

/** What the decision was, for a step that runs again after it was made. */
function outcomeBefore(request: AccessRequest): DecisionOutcome {
  switch (request.status) {
    case 'awaiting_approval':
      return 'approval_required';
    case 'permitted':
    case 'approved':
      return 'permitted';
    case 'denied':
      return request.reason === 'step_up_required' ? 'step_up_required' : 'denied';
    case 'failed':
      return 'denied';
    default:
      throw new BrokenInvariant('A request is decided before it is verified');
  }
}

/** Every permission that the grant may hold allows at least this long, and no more was asked for. */
function longestFor(request: AccessRequest, permissions: AccessDecision['permissions']): number {
  const limits = attainable(permissions).flatMap((decision) =>
    'maximumDurationSeconds' in decision ? (decision.maximumDurationSeconds ?? []) : [],
  );
  return Math.min(request.durationSeconds, ...limits);
}
