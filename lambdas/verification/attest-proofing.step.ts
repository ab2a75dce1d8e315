import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import type { Deployment } from '../platform/deployment.ts';
import { creation } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { forbidden, insufficientAuthentication, notFound } from '../platform/problem.ts';
import { type Caller, isInAny, whoCalls } from './caller.ts';
import type { Proofing } from './desk.routes.ts';
import { loadPrincipals } from './directory.ts';
import { type EnrolmentRight, enrolmentRightId, enrolmentRightType } from './enrolment-right.ts';
import { evidenceDocument } from './evidence.ts';
import { ineligibility } from './principal.ts';
import { type Presence, referenceTo, type Session, sessionType } from './session.ts';
import type { IssuedToken, IssueSessionToken } from './session-token.ts';

interface Dependencies {
  readonly deployment: Deployment;
  readonly ledger: Ledger;
  readonly issueToken: IssueSessionToken;
  readonly issuer: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** A visit is one conversation; who comes again is proofed again. */
const VISIT_SECONDS = 3600;
/** Long enough to set a device up at the desk. */
const ENROLMENT_RIGHT_SECONDS = 15 * 60;

export interface Attested {
  readonly session: Session;
  readonly token: IssuedToken;
  readonly right: EnrolmentRight;
  /** Told to whoever attests, to be handed to the person, and kept nowhere. */
  readonly code: string;
}

/**
 * A member of staff attests that they have seen a person, their document and that both have one face (NIST
 * SP 800-63A-4, attended proofing). It opens the person's session of this visit, in which the member of staff acts
 * for them, sets its identity level and no authentication level, and gives the right to bind one authenticator.
 * @throws Problem 403 for who may not attest, 401 where they are too weakly authenticated, 404 for who cannot be
 * attested
 */
export function attestProofing({ deployment, ledger, issueToken, issuer, clock, ids }: Dependencies) {
  return async (staff: Caller, personId: string, proofing: Proofing): Promise<Attested> => {
    requireStaff(staff);
    if (personId === staff.principal.id) {
      throw forbidden('self-attestation', 'Nobody attests who they are themself.');
    }
    const now = epochSeconds(clock);
    const known = await loadPrincipals(ledger, [personId]);
    const person = known.get(personId);
    if (person?.kind !== 'user' || ineligibility(personId, known) !== undefined) throw notFound('person');

    const presence: Presence = {
      channel: 'in-person',
      actors: [referenceTo(staff.principal)],
      sinceEpochSeconds: now,
      // The token is given to the member of staff, and is worth no less to a thief than their own.
      ...(staff.keyThumbprint === undefined ? {} : { keyThumbprint: staff.keyThumbprint }),
    };
    const session: Session = {
      id: ids.next(),
      txn: ids.next(),
      principal: referenceTo(person),
      presences: [presence],
      evidence: [
        {
          id: ids.next(),
          of: person.id,
          channel: 'in-person',
          method: 'attested-proofing',
          issuer,
          amr: [],
          phishingResistant: false,
          recordedBy: staff.principal.id,
          observedAtEpochSeconds: now,
          expiresAtEpochSeconds: now + VISIT_SECONDS,
        },
      ],
      risks: [],
      status: 'active',
      createdAtEpochSeconds: now,
      expiresAtEpochSeconds: now + VISIT_SECONDS,
    };
    const code = ids.next();
    const right: EnrolmentRight = {
      id: enrolmentRightId(code),
      principal: session.principal,
      session: session.id,
      txn: session.txn,
      status: 'open',
      createdAtEpochSeconds: now,
      expiresAtEpochSeconds: now + ENROLMENT_RIGHT_SECONDS,
    };
    await ledger.commit({
      chain: session.id,
      opens: true,
      event: caseEvent(clock, session.txn, 'proofing.attested', whoCalls(staff), {
        person: person.id,
        document: proofing.document,
        faceMatched: proofing.face_matched,
        evidence: session.evidence.map(evidenceDocument),
        enrolmentRight: right.id,
      }),
      changes: [creation(sessionType, session), creation(enrolmentRightType, right)],
    });
    return { session, token: await issueToken(session, presence, now), right, code };
  };

  function requireStaff(caller: Caller): void {
    const isStaff =
      caller.principal.kind === 'user' &&
      caller.actors.length === 0 &&
      isInAny(caller, deployment.roles.deskStaff) &&
      (caller.channel === 'desktop' || caller.channel === 'in-person');
    if (!isStaff) {
      throw forbidden('not-desk-staff', 'Staff of a desk attest, in a session of their own at the desk.');
    }
    if (caller.assurance.aal < 2) {
      throw insufficientAuthentication(
        'nist-aal2',
        'Who attests the identity of others is strongly authenticated',
      );
    }
  }
}
