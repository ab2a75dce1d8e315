import { isDeepStrictEqual } from 'node:util';
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
import {
  type AccessDecision,
  attainable,
  type DecisionOutcome,
  outcomeOf,
  stepUpWanted,
} from './access-decision.ts';
import { decidePermission } from './decide.ts';
import type { Policies, PolicySetEngine } from './policies.port.ts';
import { wantedResource } from './resource.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly policies: Policies;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export interface DecideAccessOutput {
  outcome: DecisionOutcome;
  /** How long the approval may take. */
  approvalTimeoutSeconds: number;
  /** How long the wait for a step-up may take from now on. */
  stepUpTimeoutSeconds: number;
}

/** A request that may still be decided: at first, and again after a step-up. */
type Decidable = AccessRequestIn<'verified' | 'awaiting_step_up'>;

/**
 * Decides each permission of a request by itself. A permit makes the grant, in the same transaction; a denial
 * ends the request; an obligation leaves it waiting, to be approved or to be decided again after a step-up. What
 * woke a wait for a step-up is not believed: the session is looked at anew, and when the time for it is over the
 * request is denied.
 */
export function decideAccess({ deployment, policies, ledger, clock }: Dependencies) {
  const approvalTimeoutSeconds = durationSeconds(deployment.approvalTimeout) ?? 0;
  const longestStepUpSeconds = durationSeconds(deployment.stepUpTimeout) ?? 0;

  return async ({ requestId }: { requestId: string }): Promise<DecideAccessOutput> => {
    const stored = await ledger.read(accessRequestType, requestId);
    if (stored === undefined) throw new BrokenInvariant('A workflow runs for a request that is not recorded');
    const request = stored.entity;
    const now = epochSeconds(clock);
    const timeouts = {
      approvalTimeoutSeconds,
      stepUpTimeoutSeconds:
        request.status === 'awaiting_step_up'
          ? Math.max(1, request.stepUp.expiresAtEpochSeconds - now)
          : longestStepUpSeconds,
    };
    if (request.status !== 'verified' && request.status !== 'awaiting_step_up')
      return { outcome: outcomeBefore(request), ...timeouts };
    const standing = await standingOf(ledger, request, now, findTarget(deployment, request.target));
    const decided =
      'refused' in standing
        ? refuse(request, standing, now)
        : decide(await policies.current(), request, standing, now);
    if (waitsOn(request, decided.request)) return { outcome: decided.outcome, ...timeouts };
    await ledger.commit({
      chain: request.id,
      event: caseEvent(clock, request.txn, 'access.decided', decided.who, {
        outcome: decided.outcome,
        ...decided.details,
      }),
      changes: [replacement(accessRequestType, stored, decided.request), ...decided.alsoMade],
    });
    return { outcome: decided.outcome, ...timeouts };
  };

  interface Decided {
    readonly outcome: DecisionOutcome;
    readonly request: AccessRequest;
    readonly alsoMade: readonly Change[];
    readonly who: Who;
    readonly details: Record<string, string | { permission: string; outcome: string; policies: string[] }[]>;
  }

  function decide(
    engine: PolicySetEngine,
    request: Decidable,
    { session, presence, assurance, provenByActors, parties }: Exclude<Standing, { refused: unknown }>,
    now: number,
  ): Decided {
    const resource = wantedResource(deployment, request);
    if (resource === undefined)
      throw new BrokenInvariant('A request names a target that the deployment does not have');
    const permissions = request.permissions.map((permission) =>
      decidePermission(engine, permission, {
        parties,
        resource,
        channel: request.channel,
        assurance,
        provenByActors,
        requestedDurationSeconds: request.durationSeconds,
        ...(request.circumstances === undefined ? {} : { said: request.circumstances }),
        approvals: [],
      }),
    );
    const decision: AccessDecision = {
      permissions,
      evidence: [...assurance.evidence],
      durationSeconds: longestFor(request, permissions),
      decidedAtEpochSeconds: now,
    };
    const found = outcomeOf(permissions);
    const isTooLate = request.status === 'awaiting_step_up' && request.stepUp.expiresAtEpochSeconds <= now;
    const outcome = found === 'step_up_required' && isTooLate ? 'denied' : found;
    return {
      outcome,
      ...transition(
        request,
        decision,
        { outcome, lacksStepUp: found === 'step_up_required', longestStepUpSeconds },
        now,
      ),
      who: whoIn(session, presence, assurance),
      details: {
        permissions: permissions.map(({ permission, outcome, policies }) => ({
          permission,
          outcome,
          policies,
        })),
        duration: formatDuration(decision.durationSeconds),
        policy_set: engine.policySet,
      },
    };
  }
}

/** Those who asked have lost their standing since they were verified. */
function refuse(request: Decidable, { refused }: Extract<Standing, { refused: unknown }>, now: number) {
  return {
    outcome: 'denied' as const,
    request: deny(undecided(request), refused, now),
    alsoMade: [],
    who: { service: 'decide-access' },
    details: { reason: refused },
  };
}

interface Conclusion {
  readonly outcome: DecisionOutcome;
  /** A step-up would have permitted it. */
  readonly lacksStepUp: boolean;
  readonly longestStepUpSeconds: number;
}

function transition(
  request: Decidable,
  decision: AccessDecision,
  { outcome, lacksStepUp, longestStepUpSeconds }: Conclusion,
  now: number,
): { request: AccessRequest; alsoMade: Change[] } {
  const before = undecided(request);
  switch (outcome) {
    case 'permitted': {
      const permissions = attainable(decision.permissions).map(({ permission }) => permission);
      const grant: Grant = pendingGrant(
        before,
        { permissions, durationSeconds: decision.durationSeconds },
        now,
      );
      return {
        request: { ...before, status: 'permitted', decision },
        alsoMade: [creation(grantType, grant)],
      };
    }
    case 'approval_required':
      return { request: { ...before, status: 'awaiting_approval', decision }, alsoMade: [] };
    case 'step_up_required': {
      const aal = stepUpWanted(decision.permissions);
      if (aal === undefined) throw new BrokenInvariant('A step-up is required that would not help');
      if (request.status === 'awaiting_step_up')
        return { request: { ...request, decision, stepUp: { ...request.stepUp, aal } }, alsoMade: [] };
      const stepUp = { aal, expiresAtEpochSeconds: now + longestStepUpSeconds };
      return { request: { ...before, status: 'awaiting_step_up', decision, stepUp }, alsoMade: [] };
    }
    case 'denied': {
      const reason = lacksStepUp ? 'step_up_required' : 'policy';
      return { request: { ...deny(before, reason, now), decision }, alsoMade: [] };
    }
  }
}

/** Whether nothing has changed for a request that waits: the same is wanted of a session that proves the same. */
function waitsOn(before: Decidable, after: AccessRequest): boolean {
  return (
    before.status === 'awaiting_step_up' &&
    after.status === 'awaiting_step_up' &&
    before.stepUp.aal === after.stepUp.aal &&
    isDeepStrictEqual(before.decision.evidence, after.decision.evidence)
  );
}

/** The request as it was verified, without what it has waited for. */
function undecided(request: Decidable): AccessRequestIn<'verified'> {
  if (request.status === 'verified') return request;
  const {
    decision: _,
    stepUp: __,
    encryptedTaskToken: ___,
    taskTokenFingerprint: ____,
    ...verified
  } = request;
  return { ...verified, status: 'verified' };
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
    case 'failed':
    case 'cancelled':
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
