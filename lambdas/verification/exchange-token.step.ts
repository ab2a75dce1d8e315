import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { timestamp } from '../platform/duration.ts';
import { creation } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { oauthError } from '../platform/problem.ts';
import { assuranceOf } from './assurance.ts';
import { loadPrincipals } from './directory.ts';
import { evidenceDocument } from './evidence.ts';
import { ineligibility, type Principal } from './principal.ts';
import { type Presence, referenceTo, type Session, sessionType, whoIn } from './session.ts';
import type { IssuedToken, IssueSessionToken } from './session-token.ts';
import type { ProvenIdentity, TokenVerifier } from './token-verifier.port.ts';

/** A person's session ends by itself when AAL2 would need reauthentication; a machine's with its token. */
const PERSON_SESSION_SECONDS = 24 * 3600;

interface Dependencies {
  readonly verifier: TokenVerifier;
  readonly ledger: Ledger;
  readonly issueToken: IssueSessionToken;
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Token exchange (RFC 8693): the token of a trusted issuer becomes the first evidence of a new session. With
 * an actor token, the session is the subject's with the actor in it: both are proven.
 */
export function exchangeToken({ verifier, ledger, issueToken, clock, ids }: Dependencies) {
  return async (tokens: { subjectToken: string; actorToken?: string | undefined }): Promise<IssuedToken> => {
    const now = epochSeconds(clock);
    const subject = await prove(tokens.subjectToken, 'subject_token', now);
    const actor =
      tokens.actorToken === undefined ? undefined : await prove(tokens.actorToken, 'actor_token', now);
    const proven = actor === undefined ? [subject] : [subject, actor];
    const known = await loadPrincipals(
      ledger,
      proven.map(({ principalId }) => principalId),
    );
    const [principal, ...actors] = proven.map((one) => eligible(one, known)) as [Principal, ...Principal[]];
    for (const agent of actors) mayActFor(agent, principal);

    const presence: Presence = {
      channel: subject.evidence.channel,
      actors: actors.map(referenceTo),
      sinceEpochSeconds: now,
    };
    const session: Session = {
      id: ids.next(),
      txn: ids.next(),
      principal: referenceTo(principal),
      presences: [presence],
      evidence: proven.map(({ principalId, evidence }) => ({ ...evidence, id: ids.next(), of: principalId })),
      risks: [],
      status: 'active',
      createdAtEpochSeconds: now,
      expiresAtEpochSeconds: Math.min(
        now + PERSON_SESSION_SECONDS,
        ...proven.filter(({ of }) => of === 'machine').map(({ evidence }) => evidence.expiresAtEpochSeconds),
      ),
    };
    await ledger.commit({
      chain: session.id,
      opens: true,
      event: {
        type: 'session.opened',
        at: timestamp(clock.nowEpochMilliseconds()),
        txn: session.txn,
        who: whoIn(session, presence, assuranceOf(session, presence.channel, now)),
        details: { evidence: session.evidence.map(evidenceDocument) },
      },
      changes: [creation(sessionType, session)],
    });
    return issueToken(session, presence, now);
  };

  async function prove(token: string, parameter: string, now: number): Promise<ProvenIdentity> {
    const identity = await verifier.verify(token, now);
    if (identity === undefined) {
      throw oauthError(
        'invalid_request',
        `The ${parameter} is not a valid token of an issuer that is trusted here.`,
      );
    }
    return identity;
  }
}

/** Nothing tells a caller whether the principal exists. */
function eligible(identity: ProvenIdentity, known: ReadonlyMap<string, Principal>): Principal {
  const principal = known.get(identity.principalId);
  const fits = principal !== undefined && (principal.kind === 'user') === (identity.of === 'person');
  if (!fits || ineligibility(identity.principalId, known) !== undefined) {
    throw oauthError('invalid_request', 'The identity that the token proves may not use this service.');
  }
  return principal;
}

/** An agent acts for its owner and for nobody else. */
function mayActFor(actor: Principal, subject: Principal): void {
  if (actor.kind !== 'agent' || actor.owner !== subject.id) {
    throw oauthError(
      'invalid_request',
      'The actor may not act for this subject: an agent acts for its owner only.',
    );
  }
}
