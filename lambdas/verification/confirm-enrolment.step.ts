import type * as z from 'zod';
import { caseEvent } from '../platform/case-event.ts';
import { type Clock, epochSeconds } from '../platform/clock.port.ts';
import { creation, replacement } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { invalidRequest, notFound } from '../platform/problem.ts';
import {
  type Authenticator,
  type AuthenticatorOf,
  authenticatorsOf,
  authenticatorType,
  MOST_AUTHENTICATORS,
} from './authenticator.ts';
import type { EnrolmentConfirmation } from './authenticators.routes.ts';
import { type Caller, whoCalls } from './caller.ts';
import { isSignedBy } from './device-signature.ts';
import { type Enrolment, enrolmentType, tooManyAuthenticators } from './enrolment.ts';
import type { PasskeyCredential, Passkeys } from './passkeys.port.ts';
import { stepOfCode } from './totp.ts';
import type { TotpSeeds } from './totp-seeds.port.ts';

interface Dependencies {
  readonly ledger: Ledger;
  readonly passkeys: Passkeys;
  readonly totpSeeds: TotpSeeds;
  readonly clock: Clock;
}

type Confirmation = z.output<typeof EnrolmentConfirmation>;

/** What an authenticator has by its kind, and none of another kind has. */
type Own =
  | ({ readonly kind: 'passkey' } & PasskeyCredential)
  | Pick<AuthenticatorOf<'totp'>, 'kind' | 'lastStep'>
  | Pick<AuthenticatorOf<'push-device'>, 'kind' | 'publicKey'>;

/**
 * Enrols the authenticator that was shown, once. What is wrong with what was shown is not told; nothing has changed
 * then, and the enrolment waits for its end. Who guesses here has been shown all that there is to guess.
 */
export function confirmEnrolment({ ledger, passkeys, totpSeeds, clock }: Dependencies) {
  return async (caller: Caller, enrolmentId: string, confirmation: Confirmation): Promise<Authenticator> => {
    const now = epochSeconds(clock);
    const stored = await ledger.read(enrolmentType, enrolmentId);
    const enrolment = stored?.entity;
    if (
      stored === undefined ||
      enrolment === undefined ||
      enrolment.session !== caller.session ||
      enrolment.principal !== caller.principal.id ||
      caller.actors.length > 0
    )
      throw notFound('enrolment');
    const isOpen = enrolment.status === 'open' && now < enrolment.expiresAtEpochSeconds;
    const own = isOpen ? await shownBy(enrolment, confirmation, now) : undefined;
    const enrolled = await authenticatorsOf(ledger, enrolment.principal);
    if (own === undefined || enrolled.some((one) => isSameCredential(one, own)))
      throw invalidRequest('The authenticator is not accepted. Begin to enrol it anew, if need be.');

    if (enrolled.length >= MOST_AUTHENTICATORS) throw tooManyAuthenticators();

    const authenticator: Authenticator = {
      ...own,
      id: enrolment.id,
      principal: enrolment.principal,
      name: enrolment.name,
      status: 'active',
      consecutiveFailures: 0,
      failedAtEpochSeconds: [],
      createdAtEpochSeconds: now,
      enrolledBy: enrolment.enrolledBy,
    };
    const replaced = own.kind === 'totp' ? await codesAmong(enrolled) : [];
    await ledger.commit({
      chain: caller.session,
      event: caseEvent(clock, caller.txn, 'authenticator.enrolled', whoCalls(caller), {
        authenticator: authenticator.id,
        type: authenticator.kind,
        replaces: replaced.map(({ entity }) => entity.id),
      }),
      changes: [
        creation(authenticatorType, authenticator),
        replacement(enrolmentType, stored, { ...enrolment, status: 'confirmed' }),
        ...replaced.map((one) =>
          replacement(authenticatorType, one, { ...one.entity, status: 'revoked' as const }),
        ),
      ],
    });
    return authenticator;
  };

  async function shownBy(
    { id, of }: Enrolment,
    confirmation: Confirmation,
    now: number,
  ): Promise<Own | undefined> {
    if (of.kind === 'passkey' && confirmation.type === 'passkey') {
      const credential = await passkeys.verifyCreation(id, confirmation.credential);
      return credential && { kind: 'passkey', ...credential };
    }
    if (of.kind === 'totp' && confirmation.type === 'totp') {
      const lastStep = stepOfCode(await totpSeeds.seedOf(id), confirmation.code, now);
      return lastStep === undefined ? undefined : { kind: 'totp', lastStep };
    }
    if (of.kind === 'push-device' && confirmation.type === 'push-device') {
      return isSignedBy(of.publicKey, id, confirmation.signature)
        ? { kind: 'push-device', publicKey: of.publicKey }
        : undefined;
    }
    return undefined;
  }

  /** A person has one secret for codes: the former ones would be as many more tries for who guesses. */
  async function codesAmong(enrolled: readonly Authenticator[]) {
    const codes = enrolled.filter(({ kind }) => kind === 'totp');
    const found = await ledger.readAll(codes.map(({ id }) => [authenticatorType, id] as const));
    return found.filter((one) => one !== undefined);
  }
}

/** One credential is enrolled once (WebAuthn Level 3 §7.1, step 26). */
function isSameCredential(one: Authenticator, own: Own): boolean {
  return one.kind === 'passkey' && own.kind === 'passkey' && one.credentialId === own.credentialId;
}
