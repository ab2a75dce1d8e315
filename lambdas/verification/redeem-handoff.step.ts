import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { replacement, type Stored } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { oauthError, type Problem } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import type { SingleUse } from '../platform/single-use.port.ts';
import { assuranceOf, showsPossession } from './assurance.ts';
import { loadPrincipals } from './directory.ts';
import { type Evidence, evidenceDocument } from './evidence.ts';
import {
  type Handoff,
  type HandoffRefusal,
  handoffIdOf,
  handoffType,
  judgeHandoff,
  type TakeOver,
  type Taker,
} from './handoff.ts';
import { ineligibility } from './principal.ts';
import {
  type ProvenPrincipal,
  proveIdentities,
  type ShownToken,
  type TokenVerifiers,
} from './prove-identities.step.ts';
import { type Presence, type Session, sessionType, whoIn } from './session.ts';
import type { IssuedToken, IssueSessionToken } from './session-token.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly verifiers: TokenVerifiers;
  readonly singleUse: SingleUse;
  readonly ledger: Ledger;
  readonly issueToken: IssueSessionToken;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** What is shown to take a session over. */
export interface Redemption {
  readonly code: string;
  /** A token of the session's principal (`subject`), or of the member of staff who is to act for it (`actor`). */
  readonly own?: { readonly as: 'subject' | 'actor'; readonly token: ShownToken } | undefined;
  /** The thumbprint of the key that whoever asks has proven (RFC 9449). */
  readonly provenKeyThumbprint?: string | undefined;
}

/**
 * Takes a session over into the channel that it was handed over to, and issues a token for it there. The handoff is
 * used up in the transaction that brings the session there, before anything is issued, so that it works once
 * whoever races. What is shown of a handoff that there is, and refused, is told in its session's chain.
 * @throws Problem `invalid_grant` (RFC 6749 §5.2), one and the same whatever is wrong with the handoff
 * @throws Problem `invalid_request` where the token of one's own proves nobody
 */
export function redeemHandoff(dependencies: Dependencies) {
  const { deployment, ledger, issueToken, clock, ids } = dependencies;
  const prove = proveIdentities(dependencies);

  return async ({ code, own, provenKeyThumbprint }: Redemption): Promise<IssuedToken> => {
    const now = epochSeconds(clock);
    const [proven] = own === undefined ? [] : await prove(own.token, undefined, now);
    const taker = proven && own && { ...proven, as: own.as };
    const { session, presence } = await rereadOnConflict(() =>
      attempt(handoffIdOf(code), taker, provenKeyThumbprint, now),
    );
    return issueToken(session, presence, now);
  };

  async function attempt(
    id: string,
    taker: ProvenTaker | undefined,
    provenKeyThumbprint: string | undefined,
    now: number,
  ): Promise<{ session: Session; presence: Presence }> {
    const handoff = await ledger.read(handoffType, id);
    const session = handoff && (await ledger.read(sessionType, handoff.entity.session));
    if (handoff === undefined || session === undefined) throw refusal();
    const { principal } = session.entity;
    const known = await loadPrincipals(ledger, [principal.id]);
    const judged = judgeHandoff(
      handoff.entity,
      {
        session: session.entity,
        isPrincipalActive: ineligibility(principal.id, known) === undefined,
        taker: taker && {
          as: taker.as,
          principal: taker.principal,
          channel: taker.evidence.channel,
          hasShownAuthenticator: showsPossession(taker.evidence),
        },
        provenKeyThumbprint,
        supportStaff: deployment.roles.supportStaff,
      },
      now,
    );
    if ('refused' in judged) {
      await tellRefusal(session.entity, handoff.entity, judged.refused, taker);
      throw refusal();
    }
    return takeOver(handoff, session, judged, { taker, provenKeyThumbprint }, now);
  }

  async function takeOver(
    handoff: Stored<Handoff>,
    stored: Stored<Session>,
    { actors, boundBy }: TakeOver,
    {
      taker,
      provenKeyThumbprint,
    }: { taker: ProvenTaker | undefined; provenKeyThumbprint: string | undefined },
    now: number,
  ): Promise<{ session: Session; presence: Presence }> {
    const { id, from, targetChannel } = handoff.entity;
    const presence: Presence = {
      channel: targetChannel,
      actors: [...actors],
      keyThumbprint: provenKeyThumbprint,
      sinceEpochSeconds: now,
      handedOver: { handoff: id, from: from.channel, boundBy, atEpochSeconds: now },
    };
    const evidence: Evidence[] =
      taker === undefined
        ? []
        : [
            {
              ...taker.evidence,
              id: ids.next(),
              of: taker.principal.id,
              givenBeside: actors.map(({ id }) => id),
              recordedAtEpochSeconds: now,
            },
          ];
    const session: Session = {
      ...stored.entity,
      presences: [...stored.entity.presences, presence],
      evidence: [...stored.entity.evidence, ...evidence],
    };
    await ledger.commit({
      chain: session.id,
      event: caseEvent(
        clock,
        session.txn,
        'handoff.redeemed',
        whoIn(session, presence, assuranceOf(session, presence, now)),
        {
          handoff: id,
          from: { channel: from.channel, actors: from.actors },
          bound_by: boundBy,
          evidence: evidence.map(evidenceDocument),
        },
      ),
      changes: [
        replacement(handoffType, handoff, { ...handoff.entity, status: 'redeemed' }),
        replacement(sessionType, stored, session),
      ],
    });
    return { session, presence };
  }

  async function tellRefusal(
    session: Session,
    handoff: Handoff,
    reason: HandoffRefusal,
    taker: ProvenTaker | undefined,
  ): Promise<void> {
    await ledger.commit({
      chain: session.id,
      event: caseEvent(
        clock,
        session.txn,
        'handoff.refused',
        { service: 'exchange-token' },
        {
          handoff: handoff.id,
          reason,
          ...(taker === undefined ? {} : { shown_by: taker.principal.id }),
        },
      ),
      changes: [],
    });
  }
}

/** Who takes a session over, as a token of their own has proven them. */
type ProvenTaker = ProvenPrincipal & Pick<Taker, 'as'>;

/** Nothing tells whether there is such a handoff. */
function refusal(): Problem {
  return oauthError('invalid_grant', 'The handoff is not one that you can take over with what was shown.');
}
