import * as z from 'zod';
import type { EntityType } from '../platform/entity.ts';
import { conflict, type Problem } from '../platform/problem.ts';
import type { Assurance } from './assurance.ts';
import { type Authenticator, DevicePublicKey, EnrolledBy, MOST_AUTHENTICATORS } from './authenticator.ts';

/** An authenticator that somebody has begun to enrol. Once it is confirmed, the authenticator bears its id. */
export const Enrolment = z.object({
  id: z.string(),
  of: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('passkey') }),
    z.object({ kind: z.literal('totp') }),
    z.object({ kind: z.literal('push-device'), publicKey: DevicePublicKey }),
  ]),
  name: z.string(),
  principal: z.string(),
  session: z.string(),
  enrolledBy: EnrolledBy,
  status: z.enum(['open', 'confirmed']),
  createdAtEpochSeconds: z.int(),
  expiresAtEpochSeconds: z.int(),
});
export type Enrolment = z.infer<typeof Enrolment>;

export const ENROLMENT_SECONDS = 10 * 60;

export const enrolmentType: EntityType<typeof Enrolment> = {
  kind: 'ENROLMENT',
  schema: Enrolment,
  collectAtEpochSeconds: ({ expiresAtEpochSeconds }) => expiresAtEpochSeconds,
};

/** How fresh the authentication has to be on which an enrolment rests. */
export const FRESH_SECONDS = 15 * 60;

/**
 * The level that a session has to show before it binds another authenticator. NIST SP 800-63B-4 §4.1.2 asks for
 * the highest that the account has or that the new authenticator is good for, whichever is lower. Here it is
 * never below AAL2: where a password alone could bind an authenticator, it would lift itself above its own level.
 */
export function levelToEnrol(kind: Authenticator['kind'], enrolled: readonly Authenticator[]): 2 | 3 {
  return kind === 'passkey' && enrolled.some(isForAal3) ? 3 : 2;
}

/**
 * AAL3 wants a key that cannot leave its hardware (NIST SP 800-63B-4 §2.3.2). That it does not is what its maker
 * attests: without, it is only what somebody's software says of itself.
 */
export function isForAal3(one: Authenticator): boolean {
  return one.kind === 'passkey' && one.status === 'active' && one.attested && !one.backupEligible;
}

export function isFresh(
  { authTimeEpochSeconds }: Pick<Assurance, 'authTimeEpochSeconds'>,
  nowEpochSeconds: number,
): boolean {
  return authTimeEpochSeconds !== undefined && nowEpochSeconds - authTimeEpochSeconds <= FRESH_SECONDS;
}

export function tooManyAuthenticators(): Problem {
  return conflict(
    'too-many-authenticators',
    `A person has at most ${MOST_AUTHENTICATORS} authenticators. Give one up first.`,
  );
}
