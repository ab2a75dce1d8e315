import type * as z from 'zod';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { creation, replacement, type Stored } from '../platform/entity.ts';
import type { Ids } from '../platform/ids.port.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { forbidden, insufficientAuthentication } from '../platform/problem.ts';
import { acrOf } from './assurance.ts';
import { authenticatorsOf, MOST_AUTHENTICATORS } from './authenticator.ts';
import type { EnrolmentRequest } from './authenticators.routes.ts';
import { type Caller, whoCalls } from './caller.ts';
import {
  ENROLMENT_SECONDS,
  type Enrolment,
  enrolmentType,
  FRESH_SECONDS,
  isFresh,
  levelToEnrol,
  tooManyAuthenticators,
} from './enrolment.ts';
import { type EnrolmentRight, enrolmentRightId, enrolmentRightType, isUsable } from './enrolment-right.ts';
import type { OptionsDocument, Passkeys } from './passkeys.port.ts';
import { totpUri } from './totp.ts';
import type { TotpSeeds } from './totp-seeds.port.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly passkeys: Passkeys;
  readonly totpSeeds: TotpSeeds;
  /** How authenticator apps name this deployment. */
  readonly serviceName: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** What the one who enrols goes on with, by the kind of authenticator. */
export interface BegunEnrolment {
  readonly enrolment: Enrolment;
  readonly offer:
    | { readonly public_key: OptionsDocument }
    | { readonly otpauth_uri: string }
    | { readonly challenge: string };
}

/**
 * Begins to enrol an authenticator of the caller. Either their session has shown enough, freshly, or a right that
 * staff gave them is used up for it.
 */
export function beginEnrolment({ ledger, passkeys, totpSeeds, serviceName, clock, ids }: Dependencies) {
  return async (caller: Caller, request: z.output<typeof EnrolmentRequest>): Promise<BegunEnrolment> => {
    const { principal, assurance } = caller;
    const { type, name, right: code } = request;
    if (principal.kind !== 'user' || caller.actors.length > 0) {
      throw forbidden(
        'not-the-person',
        'Only a person enrols an authenticator, with nobody acting for them.',
      );
    }
    const now = epochSeconds(clock);
    const enrolled = await authenticatorsOf(ledger, principal.id);
    if (enrolled.length >= MOST_AUTHENTICATORS) throw tooManyAuthenticators();
    const right = code === undefined ? undefined : await usable(code, caller, now);
    if (right === undefined) mustHaveShown(caller, levelToEnrol(type, enrolled), now);

    const enrolment: Enrolment = {
      id: ids.next(),
      of:
        request.type === 'push-device'
          ? { kind: request.type, publicKey: request.public_key }
          : { kind: request.type },
      name,
      principal: principal.id,
      session: caller.session,
      enrolledBy: {
        session: caller.session,
        aal: assurance.aal,
        evidence: assurance.evidence,
        ...(right === undefined ? {} : { right: right.entity.id }),
      },
      status: 'open',
      createdAtEpochSeconds: now,
      expiresAtEpochSeconds: now + ENROLMENT_SECONDS,
    };
    const offer = await offerOf(enrolment);
    await ledger.commit({
      chain: caller.session,
      event: caseEvent(clock, caller.txn, 'enrolment.begun', whoCalls(caller), {
        enrolment: enrolment.id,
        type,
        ...(right === undefined ? {} : { right: right.entity.id }),
      }),
      changes: [
        creation(enrolmentType, enrolment),
        ...(right === undefined
          ? []
          : [replacement(enrolmentRightType, right, { ...right.entity, status: 'used' as const })]),
      ],
    });
    return { enrolment, offer };

    async function offerOf({ id, of }: Enrolment): Promise<BegunEnrolment['offer']> {
      switch (of.kind) {
        case 'passkey': {
          const before = enrolled.filter((one) => one.kind === 'passkey');
          return { public_key: await passkeys.creationOptions(id, principal, before) };
        }
        case 'totp':
          return { otpauth_uri: totpUri(await totpSeeds.seedOf(id), serviceName, principal.id) };
        case 'push-device':
          return { challenge: id };
      }
    }
  };

  /** A code that gives no right is refused, whatever the session has shown: it is somebody's, or a guess. */
  async function usable(code: string, caller: Caller, now: number): Promise<Stored<EnrolmentRight>> {
    const stored = await ledger.read(enrolmentRightType, enrolmentRightId(code));
    if (
      stored === undefined ||
      caller.assurance.aal === 0 ||
      !isUsable(stored.entity, caller.principal.id, now)
    ) {
      throw forbidden('no-right-to-enrol', 'The code gives no right to enrol an authenticator.');
    }
    return stored;
  }
}

function mustHaveShown({ assurance }: Caller, level: 2 | 3, now: number): void {
  if (assurance.aal < level || !isFresh(assurance, now)) {
    throw insufficientAuthentication(
      acrOf(level) ?? '',
      'An authenticator is enrolled by who has just authenticated at this level, or with a code from staff',
      FRESH_SECONDS,
    );
  }
}
