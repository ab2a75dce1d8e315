import * as z from 'zod';
import { Channel } from '../platform/channel.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Deployment, Target } from '../platform/deployment.ts';
import { durationSeconds, timestamp } from '../platform/duration.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { forbidden } from '../platform/problem.ts';
import { acrOf, nothingProven } from '../verification/assurance.ts';
import { type Caller, isInAny, partiesOf } from '../verification/caller.ts';
import { principalsWanted, withOwners } from '../verification/directory.ts';
import { isTargetFrozen, targetFreezesWanted } from '../verification/freeze.ts';
import { ineligibility, PrincipalKind } from '../verification/principal.ts';
import { type Presence, presenceIn, type Session, sessionType } from '../verification/session.ts';
import { standingOf } from '../verification/standing.ts';
import type { Obligations, PermissionDecision } from './access-decision.ts';
import type { EvaluationAnswer, EvaluationBody } from './authzen.routes.ts';
import { type Circumstances, decidePermission } from './decide.ts';
import type { PolicyEngine } from './policy-engine.port.ts';
import { findResource, isPermissionOf } from './resource.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly engine: PolicyEngine;
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * One AuthZEN evaluation. About oneself, with the assurance and the actors of one's own session; an enforcement
 * point may ask about others, in the session that it names. What cannot be resolved is denied.
 */
export function evaluateAccess({ deployment, engine, ledger, clock, ids }: Dependencies) {
  return async (caller: Caller, body: EvaluationBody): Promise<EvaluationAnswer> => {
    const aboutSelf = body.subject.id === caller.principal.id && body.subject.type === caller.principal.kind;
    const enforces = isInAny(caller, deployment.roles.enforcementPoints);
    if (!aboutSelf && !enforces) {
      throw forbidden(
        'not-an-enforcement-point',
        'Only an enforcement point asks for decisions about others.',
      );
    }
    const evaluated = {
      evaluation_id: ids.next(),
      evaluated_at: timestamp(clock.nowEpochMilliseconds()),
    };
    const decision = await decide(caller, body, aboutSelf);
    if (decision === undefined) {
      return { decision: false, context: { ...evaluated, reason: 'unknown_or_inactive', policies: [] } };
    }
    const { outcome, policies } = decision;
    return {
      decision: outcome === 'permitted',
      context: {
        ...evaluated,
        policies,
        ...(outcome === 'permitted' ? {} : { reason: outcome }),
        ...(outcome === 'obliged' ? { obligations: obligationsOf(decision.obligations) } : {}),
      },
    };
  };

  async function decide(
    caller: Caller,
    body: EvaluationBody,
    aboutSelf: boolean,
  ): Promise<PermissionDecision | undefined> {
    const enforces = isInAny(caller, deployment.roles.enforcementPoints);
    const resource = findResource(deployment, enforces ? body.resource : withoutProperties(body.resource));
    if (resource === undefined || !isPermissionOf(resource, body.action.name)) return undefined;
    const { target } = resource;
    const asked = aboutSelf
      ? await unlessFrozen(target, { ...caller, parties: partiesOf(caller) })
      : await asItStands(body.subject, target);
    if (asked === undefined) return undefined;
    return decidePermission(engine, body.action.name, {
      parties: asked.parties,
      resource,
      channel: asked.channel,
      assurance: asked.assurance,
      provenByActors: asked.provenByActors,
      requestedDurationSeconds: requestedDuration(body, target.maximumDuration),
      ...(enforces && body.context !== undefined ? { said: body.context } : {}),
      approvals: [],
    });
  }

  type Asked = Pick<Circumstances, 'parties' | 'channel' | 'assurance' | 'provenByActors'>;

  async function unlessFrozen(target: Target, asked: Asked): Promise<Asked | undefined> {
    const found = await ledger.readAll(targetFreezesWanted(target));
    return isTargetFrozen(target, found) ? undefined : asked;
  }

  /**
   * Somebody else, as our own records have them: in the session and the place that the enforcement point names,
   * which it knows from the token that it was shown, or without a session, and then nothing is proven of them.
   */
  async function asItStands(
    { type, id, properties }: EvaluationBody['subject'],
    target: Target,
  ): Promise<Asked | undefined> {
    const kind = PrincipalKind.safeParse(type).data;
    if (kind === undefined) return undefined;
    const session = properties?.['session'];
    if (typeof session === 'string') {
      const of = (await ledger.read(sessionType, session))?.entity;
      if (of?.principal.kind !== kind || of.principal.id !== id) return undefined;
      const presence = presenceNamed(of, properties);
      if (presence === undefined) return undefined;
      const { channel, actors } = presence;
      const asked = { session, principal: of.principal, actors, channel };
      const standing = await standingOf(ledger, asked, epochSeconds(clock), target);
      if ('refused' in standing) return undefined;
      const { parties, assurance, provenByActors } = standing;
      return { parties, channel, assurance, provenByActors };
    }
    const found = await ledger.readAll([...principalsWanted([id]), ...targetFreezesWanted(target)]);
    const known = await withOwners(ledger, found);
    const subject = known.get(id);
    if (subject?.kind !== kind || ineligibility(id, known) !== undefined) return undefined;
    if (isTargetFrozen(target, found)) return undefined;
    return {
      parties: [subject],
      channel: kind === 'user' ? 'web' : 'machine',
      assurance: nothingProven,
      provenByActors: {},
    };
  }
}

/** Of themself nobody vouches for what they act on: whoever guards it does. */
function withoutProperties({ type, id }: EvaluationBody['resource']) {
  return { type, id };
}

const NamedPlace = z.object({ channel: Channel.optional(), actors: z.array(z.string()).optional() });

/**
 * Where in the session the enforcement point saw the subject: in the channel where it was opened, if none is named,
 * and with whoever is there. Where several parties have been, it has to say which of them it saw: one who acts must
 * not pass as another.
 */
function presenceNamed(session: Session, properties: unknown): Presence | undefined {
  const named = NamedPlace.safeParse(properties).data;
  if (named === undefined) return undefined;
  const channel = named.channel ?? session.presences[0]?.channel;
  if (channel === undefined) return undefined;
  if (named.actors !== undefined)
    return presenceIn(
      session,
      channel,
      named.actors.map((id) => ({ id })),
    );
  const there = session.presences.filter((presence) => presence.channel === channel);
  const last = there.at(-1);
  const isOneParty = there.every(({ actors }) => presenceIn(session, channel, actors) === last);
  return isOneParty ? last : undefined;
}

/** The time for which access is meant, if the context says so; else the longest that there is. */
function requestedDuration(body: EvaluationBody, maximum: string): number {
  const requested = body.context?.['requested_duration'];
  const seconds = typeof requested === 'string' ? durationSeconds(requested) : undefined;
  return seconds ?? durationSeconds(maximum) ?? 0;
}

/** What would turn the denial into a permit, as AuthZEN's obligations profile writes it. */
function obligationsOf({ approvals, stepUpAal }: Obligations) {
  return [
    ...(stepUpAal === undefined
      ? []
      : [{ id: 'step-up', type: 'step-up', properties: { acr_value: acrOf(stepUpAal) ?? '' } }]),
    ...approvals.map(({ approvers, quorum, approverAal }, index) => ({
      id: `approval-${index + 1}`,
      type: 'approval',
      properties: { approvers, quorum, approver_acr: acrOf(approverAal) ?? '' },
    })),
  ];
}
