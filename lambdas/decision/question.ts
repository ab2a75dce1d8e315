import * as z from 'zod';
import { Channel } from '../platform/channel.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Deployment, Target } from '../platform/deployment.ts';
import { durationSeconds } from '../platform/duration.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { forbidden } from '../platform/problem.ts';
import { nothingProven, type ProvenFacts } from '../verification/assurance.ts';
import { type Caller, isInAny, partiesOf } from '../verification/caller.ts';
import { principalsWanted, withOwners } from '../verification/directory.ts';
import { isTargetFrozen, targetFreezesWanted } from '../verification/freeze.ts';
import {
  type Ineligibility,
  ineligibility,
  type Principal,
  PrincipalKind,
} from '../verification/principal.ts';
import { type Presence, presenceIn, type Session, sessionType } from '../verification/session.ts';
import { standingOf } from '../verification/standing.ts';
import { type EvaluationBody, nameUpTo } from './authzen.routes.ts';
import type { Circumstances } from './decide.ts';
import { findResource, isPermissionOf } from './resource.ts';

/** The most that is looked at of what is said of a subject, an action, a resource and a context, in bytes of JSON each. */
const MOST_SAID_BYTES = 8 * 1024;
/** How deep it may be nested: what the schema declares is a list of values at most. */
const MOST_LEVELS = 32;

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Pick<Ledger, 'read' | 'readAll'>;
  readonly clock: Clock;
  /** The groups that may ask about others; enforcement points, unless it is said. */
  readonly askAboutOthers?: readonly string[];
}

/** Whom a question is about, as our own records have them. */
export interface Subject {
  readonly parties: readonly [Principal, ...Principal[]];
  readonly channel: Channel;
  readonly assurance: ProvenFacts;
  readonly provenByActors: Circumstances['provenByActors'];
  /** The session that they are in, and the evidence that their assurance rests on; without one, nothing is proven. */
  readonly session?: string;
  readonly evidence: readonly string[];
}

/** A question with everything that the policies look at. */
export interface Resolved {
  readonly permission: string;
  readonly subject: Subject;
  readonly circumstances: Circumstances;
}

/** Why a question is denied before any policy is asked. */
export type Unresolvable =
  | 'unknown_resource'
  | 'unknown_action'
  | 'unknown_subject'
  | 'too_much_said'
  | 'session_ended'
  | 'target_frozen'
  | Ineligibility;

/**
 * Finds out what an AuthZEN request asks. About oneself, it is with the assurance and the actors of one's own session; an
 * enforcement point may ask about others, in the session that it names.
 * @throws Problem 403 where somebody else asks about others
 */
export function questionResolver({ deployment, ledger, clock, ...more }: Dependencies) {
  const askAboutOthers = more.askAboutOthers ?? deployment.roles.enforcementPoints;

  return async (caller: Caller, body: EvaluationBody): Promise<Resolved | { refused: Unresolvable }> => {
    const { subject, action } = body;
    requireRightToAsk(caller, subject, askAboutOthers);
    if (saysTooMuch(body)) return { refused: 'too_much_said' };
    const vouches = isInAny(caller, askAboutOthers);
    const resource = findResource(deployment, vouches ? body.resource : withoutProperties(body.resource));
    if (resource === undefined) return { refused: 'unknown_resource' };
    if (!isPermissionOf(resource, action.name)) return { refused: 'unknown_action' };
    const asked = isAboutSelf(caller, subject)
      ? await unlessFrozen(resource.target, callingSubject(caller))
      : await asItStands(subject, resource.target);
    if ('refused' in asked) return asked;
    return {
      permission: action.name,
      subject: asked,
      circumstances: {
        parties: asked.parties,
        channel: asked.channel,
        assurance: asked.assurance,
        provenByActors: asked.provenByActors,
        resource,
        requestedDurationSeconds: requestedDuration(body, resource.target.maximumDuration),
        ...(vouches && body.context !== undefined ? { said: body.context } : {}),
        approvals: [],
      },
    };
  };

  async function unlessFrozen(target: Target, asked: Subject): Promise<Subject | { refused: Unresolvable }> {
    const found = await ledger.readAll(targetFreezesWanted(target));
    return isTargetFrozen(target, found) ? { refused: 'target_frozen' } : asked;
  }

  /**
   * Somebody else, as our own records have them: in the session and the place that the enforcement point names,
   * which it knows from the token that it was shown, or without a session, and then nothing is proven of them.
   */
  async function asItStands(
    { type, id, properties }: EvaluationBody['subject'],
    target: Target,
  ): Promise<Subject | { refused: Unresolvable }> {
    const kind = PrincipalKind.safeParse(type).data;
    if (kind === undefined) return { refused: 'unknown_subject' };
    if (saysPlace(properties)) {
      const session = SessionName.safeParse(properties['session']).data;
      if (session === undefined) return { refused: 'session_ended' };
      const of = (await ledger.read(sessionType, session))?.entity;
      if (of?.principal.kind !== kind || of.principal.id !== id) return { refused: 'session_ended' };
      const presence = presenceNamed(of, properties);
      if (presence === undefined) return { refused: 'session_ended' };
      const { channel, actors } = presence;
      const asked = { session, principal: of.principal, actors, channel };
      const standing = await standingOf(ledger, asked, epochSeconds(clock), target);
      if ('refused' in standing) return { refused: standing.refused };
      const { parties, assurance, provenByActors } = standing;
      return { parties, channel, assurance, provenByActors, session, evidence: assurance.evidence };
    }
    const found = await ledger.readAll([...principalsWanted([id]), ...targetFreezesWanted(target)]);
    const known = await withOwners(ledger, found);
    const subject = known.get(id);
    if (subject?.kind !== kind) return { refused: 'unknown_subject' };
    const refused = ineligibility(id, known);
    if (refused !== undefined) return { refused };
    if (isTargetFrozen(target, found)) return { refused: 'target_frozen' };
    return {
      parties: [subject],
      channel: kind === 'user' ? 'web' : 'machine',
      assurance: nothingProven,
      provenByActors: {},
      evidence: [],
    };
  }
}

/**
 * About oneself anybody may ask; about others only whoever decides for others.
 * @param subject undefined where the question is who may, and so about everybody
 * @throws Problem 403
 */
export function requireRightToAsk(
  caller: Caller,
  subject: Pick<EvaluationBody['subject'], 'type' | 'id'> | undefined,
  askAboutOthers: readonly string[],
): void {
  if (subject !== undefined && isAboutSelf(caller, subject)) return;
  if (isInAny(caller, askAboutOthers)) return;
  throw forbidden('not-an-enforcement-point', 'Only an enforcement point asks for decisions about others.');
}

function isAboutSelf({ principal }: Caller, { type, id }: Pick<EvaluationBody['subject'], 'type' | 'id'>) {
  return id === principal.id && type === principal.kind;
}

/** Whoever calls, as their own session has them. */
function callingSubject(caller: Caller): Subject {
  const { channel, assurance, provenByActors, session } = caller;
  return {
    parties: partiesOf(caller),
    channel,
    assurance,
    provenByActors,
    session,
    evidence: assurance.evidence,
  };
}

/** Of themself nobody vouches for what they act on: whoever guards it does. */
function withoutProperties({ type, id }: EvaluationBody['resource']) {
  return { type, id };
}

/** Whether more is said than is looked at: everything that is asked with it is denied. */
export function saysTooMuch({
  subject,
  action,
  resource,
  context,
}: {
  readonly subject: Said;
  readonly action?: Said;
  readonly resource: Said;
  readonly context?: EvaluationBody['context'];
}): boolean {
  return [subject.properties, action?.properties, resource.properties, context].some(isTooMuch);
}

interface Said {
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}

/** The depth comes first: what is nested without end cannot even be measured. */
function isTooMuch(said: unknown): boolean {
  if (said === undefined) return false;
  return isDeeperThan(MOST_LEVELS, said) || Buffer.byteLength(JSON.stringify(said)) > MOST_SAID_BYTES;
}

function isDeeperThan(levels: number, said: unknown): boolean {
  if (typeof said !== 'object' || said === null) return false;
  return levels === 0 || Object.values(said).some((inner) => isDeeperThan(levels - 1, inner));
}

/** What may be the id of a session: for anything else the table could not even be asked. */
const SessionName = nameUpTo(128);

/**
 * Whether anything is said of where the subject was seen, and with whom. All of it is of a session: actors that are
 * passed over for want of one would pass as the person for whom they act.
 */
function saysPlace(
  properties: EvaluationBody['subject']['properties'],
): properties is NonNullable<EvaluationBody['subject']['properties']> {
  return ['session', 'channel', 'actors'].some((name) => properties?.[name] !== undefined);
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
