import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { creation, replacement, type Stored } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { oauthError } from '../platform/problem.ts';
import { rereadOnConflict } from '../platform/reread-on-conflict.ts';
import type { SingleUse } from '../platform/single-use.port.ts';
import { assuranceOf } from './assurance.ts';
import {
  type Backchannel,
  type BackchannelIn,
  backchannelType,
  isOver,
  POLL_INTERVAL_SECONDS,
} from './backchannel.ts';
import type { Caller } from './caller.ts';
import { requireGateway } from './channel-gateway.ts';
import { loadPrincipals } from './directory.ts';
import { evidenceDocument } from './evidence.ts';
import { ineligibility, type Principal } from './principal.ts';
import { type Presence, referenceTo, type Session, sessionType, whoIn } from './session.ts';
import type { IssuedToken, IssueSessionToken } from './session-token.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Ledger;
  readonly singleUse: SingleUse;
  readonly issueToken: IssueSessionToken;
  readonly issuer: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A call is one conversation; who calls again is verified again. */
const CALL_SECONDS = 3600;

/**
 * Tells a gateway how its push stands, and once it is approved opens the caller's session in the channel `voice`,
 * in which the gateway acts for them (CIBA Core 1.0 §10.1, §11). What nobody can answer looks like what nobody
 * answers.
 */
export function redeemBackchannel(dependencies: Dependencies) {
  const { deployment, ledger, singleUse, issueToken, issuer, clock, ids } = dependencies;

  return async (
    gateway: Caller,
    authReqId: string,
    keyThumbprint: string | undefined,
  ): Promise<IssuedToken> => {
    requireGateway(deployment, gateway);
    const now = epochSeconds(clock);
    const found = await ledger.read(backchannelType, authReqId);
    const call = found?.entity;
    if (call === undefined || call.gateway.id !== gateway.principal.id) throw unknownId();
    // One poll in each interval since the call began.
    const interval = Math.floor((now - call.createdAtEpochSeconds) / POLL_INTERVAL_SECONDS);
    const inTime = await singleUse.spend('poll', `${call.id} ${interval}`, now + POLL_INTERVAL_SECONDS);
    if (!inTime) throw oauthError('slow_down', `Poll once in ${POLL_INTERVAL_SECONDS} seconds.`);
    const { session, presence } = await rereadOnConflict(() => redeem(authReqId, keyThumbprint, now));
    return issueToken(session, presence, now);
  };

  async function redeem(
    id: string,
    keyThumbprint: string | undefined,
    now: number,
  ): Promise<{ session: Session; presence: Presence }> {
    const stored = await ledger.read(backchannelType, id);
    if (stored === undefined) throw unknownId();
    const call = approved(stored.entity, now);
    const known = await loadPrincipals(ledger, [call.loginHint]);
    const principal = known.get(call.loginHint);
    if (principal?.kind !== 'user' || ineligibility(principal.id, known) !== undefined) {
      throw oauthError('access_denied', 'The call was not approved.');
    }
    return open(stored, call, principal, keyThumbprint, now);
  }

  async function open(
    stored: Stored<Backchannel>,
    call: BackchannelIn<'approved'>,
    principal: Principal,
    keyThumbprint: string | undefined,
    now: number,
  ): Promise<{ session: Session; presence: Presence }> {
    const presence: Presence = {
      channel: 'voice',
      actors: [call.gateway],
      sinceEpochSeconds: now,
      ...(keyThumbprint === undefined ? {} : { keyThumbprint }),
    };
    const expiresAtEpochSeconds = now + CALL_SECONDS;
    const session: Session = {
      id: ids.next(),
      txn: call.txn,
      principal: referenceTo(principal),
      presences: [presence],
      evidence: [
        {
          id: ids.next(),
          of: principal.id,
          channel: 'voice',
          method: 'push',
          issuer,
          amr: call.answer.amr,
          phishingResistant: false,
          authenticator: call.answer.authenticator,
          recordedBy: call.gateway.id,
          observedAtEpochSeconds: call.answer.atEpochSeconds,
          expiresAtEpochSeconds,
        },
      ],
      risks: [],
      status: 'active',
      createdAtEpochSeconds: now,
      expiresAtEpochSeconds,
    };
    await ledger.commit({
      chain: session.id,
      opens: true,
      event: caseEvent(
        clock,
        session.txn,
        'session.opened',
        whoIn(session, presence, assuranceOf(session, presence, now)),
        { call: call.id, evidence: session.evidence.map(evidenceDocument) },
      ),
      changes: [
        creation(sessionType, session),
        replacement(backchannelType, stored, { ...call, status: 'redeemed', session: session.id }),
      ],
    });
    return { session, presence };
  }
}

/** CIBA Core 1.0 §11. */
function approved(call: Backchannel, now: number): BackchannelIn<'approved'> {
  if (call.status === 'redeemed') throw unknownId();
  if (isOver(call, now)) throw oauthError('expired_token', 'The call’s time is over; start anew.');
  if (call.status === 'pending') {
    throw oauthError('authorization_pending', 'Nobody has answered the push yet.');
  }
  if (call.status === 'denied') throw oauthError('access_denied', 'The call was not approved.');
  return call;
}

/** One that there is not, that is another gateway’s, and one that was redeemed. */
function unknownId() {
  return oauthError('invalid_grant', 'There is no such auth_req_id for you to redeem.');
}
