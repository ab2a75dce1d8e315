import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { timestamp } from '../platform/duration.ts';
import { creation } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import type { SingleUse } from '../platform/single-use.port.ts';
import { assuranceOf } from './assurance.ts';
import { assuranceRules } from './assurance-rules.ts';
import { evidenceDocument } from './evidence.ts';
import { proveIdentities, type ShownToken, type TokenVerifiers } from './prove-identities.step.ts';
import { type Presence, referenceTo, type Session, sessionType, whoIn } from './session.ts';
import type { IssuedToken, IssueSessionToken } from './session-token.ts';

/** A person's session ends by itself when AAL2 would need reauthentication; a machine's with its token. */
const PERSON_SESSION_SECONDS = assuranceRules.levels[2].lifetime;

interface Dependencies {
  readonly verifiers: TokenVerifiers;
  readonly singleUse: SingleUse;
  readonly ledger: Ledger;
  readonly issueToken: IssueSessionToken;
  readonly clock: Clock;
  readonly ids: Ids;
}

export interface Exchange {
  readonly subject: ShownToken;
  readonly actor?: ShownToken | undefined;
  /** The key that was proven with the request: the session's tokens are bound to it. */
  readonly keyThumbprint?: string | undefined;
}

/**
 * Token exchange (RFC 8693): the token of a trusted issuer becomes the first evidence of a new session. With
 * an actor token, the session is the subject's with the actor in it: both are proven.
 */
export function exchangeToken({ verifiers, singleUse, ledger, issueToken, clock, ids }: Dependencies) {
  const prove = proveIdentities({ verifiers, singleUse, ledger });

  return async (shown: Exchange): Promise<IssuedToken> => {
    const now = epochSeconds(clock);
    const proven = await prove(shown.subject, shown.actor, now);
    const [subject, ...actors] = proven;

    const presence: Presence = {
      channel: subject.evidence.channel,
      actors: actors.map(({ principal }) => referenceTo(principal)),
      sinceEpochSeconds: now,
      ...(shown.keyThumbprint === undefined ? {} : { keyThumbprint: shown.keyThumbprint }),
    };
    const session: Session = {
      id: ids.next(),
      txn: ids.next(),
      principal: referenceTo(subject.principal),
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
        who: whoIn(session, presence, assuranceOf(session, presence, now)),
        details: { evidence: session.evidence.map(evidenceDocument) },
      },
      changes: [creation(sessionType, session)],
    });
    return issueToken(session, presence, now);
  };
}
