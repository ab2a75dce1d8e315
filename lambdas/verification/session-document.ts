import { partyDocument, timeDocument } from '../platform/documents.ts';
import { acrOf, assuranceOf } from './assurance.ts';
import type { Evidence, RiskSignal } from './evidence.ts';
import type { SessionDocument } from './session.routes.ts';
import { type Presence, presenceIn, type Session } from './session.ts';

/** A session as the API shows it, with what it proves now wherever it is. */
export function sessionDocument(session: Session, nowEpochSeconds: number): SessionDocument {
  const current = session.presences.filter(
    (presence) => presenceIn(session, presence.channel, presence.actors) === presence,
  );
  return {
    id: session.id,
    txn: session.txn,
    status: session.status,
    principal: partyDocument(session.principal),
    created_at: timeDocument(session.createdAtEpochSeconds),
    expires_at: timeDocument(session.expiresAtEpochSeconds),
    presences: current.map((presence) => presenceDocument(session, presence, nowEpochSeconds)),
    evidence: session.evidence.map(evidenceDocument),
    risks: session.risks.map(signalDocument),
  };
}

function presenceDocument(session: Session, presence: Presence, now: number) {
  const { channel, actors, sinceEpochSeconds, handedOver } = presence;
  const assurance = assuranceOf(session, presence, now);
  const { authTimeEpochSeconds } = assurance;
  const acr = acrOf(assurance.aal);
  return {
    channel,
    actors: actors.map(partyDocument),
    since: timeDocument(sinceEpochSeconds),
    ...(handedOver === undefined
      ? {}
      : {
          handed_over: {
            handoff: handedOver.handoff,
            from: handedOver.from,
            bound_by: handedOver.boundBy,
          },
        }),
    assurance: {
      ...(acr === undefined ? {} : { acr }),
      aal: assurance.aal,
      ial: assurance.ial,
      amr: [...assurance.amr],
      ...(authTimeEpochSeconds === undefined ? {} : { auth_time: timeDocument(authTimeEpochSeconds) }),
      phishing_resistant: assurance.phishingResistant,
      attested: assurance.attested,
      risk: assurance.risk,
      evidence: [...assurance.evidence],
    },
  };
}

function evidenceDocument(evidence: Evidence) {
  const { id, of, channel, method, issuer, amr, recordedBy } = evidence;
  return {
    id,
    of,
    channel,
    method,
    issuer,
    amr,
    phishing_resistant: evidence.phishingResistant,
    ...(recordedBy === undefined ? {} : { recorded_by: recordedBy }),
    observed_at: timeDocument(evidence.observedAtEpochSeconds),
    expires_at: timeDocument(evidence.expiresAtEpochSeconds),
  };
}

export function signalDocument({ id, channel, kind, level, source, observedAtEpochSeconds }: RiskSignal) {
  return { id, channel, kind, level, source, observed_at: timeDocument(observedAtEpochSeconds) };
}
