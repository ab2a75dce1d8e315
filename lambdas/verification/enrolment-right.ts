import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { EntityType } from '../platform/entity.ts';
import { PartyReference } from './session.ts';

/**
 * What a person who was proofed at a desk walks out with: the right to bind one new authenticator, had with a code
 * (NIST SP 800-63B-4 §4.2, account recovery by proofing anew).
 */
export const EnrolmentRight = z.object({
  /** The hash of the code, which is kept nowhere. */
  id: z.string(),
  /** Whose authenticator it may be. */
  principal: PartyReference,
  /** The session in which they were proofed, and its undertaking. */
  session: z.string(),
  txn: z.string(),
  status: z.enum(['open', 'used']),
  createdAtEpochSeconds: z.int(),
  expiresAtEpochSeconds: z.int(),
});
export type EnrolmentRight = z.infer<typeof EnrolmentRight>;

/** A used or expired right is kept this long, for those who ask what became of it. */
const KEPT_AFTER_EXPIRY_SECONDS = 7 * 24 * 3600;

export const enrolmentRightType: EntityType<typeof EnrolmentRight> = {
  kind: 'ENROLMENT_RIGHT',
  schema: EnrolmentRight,
  collectAtEpochSeconds: (right) => right.expiresAtEpochSeconds + KEPT_AFTER_EXPIRY_SECONDS,
};

/** The id of the right that a code gives. A code is 128 random bits, so its bare hash cannot be searched. */
export function enrolmentRightId(code: string): string {
  return createHash('sha256').update(`enrolment-right\0${code}`).digest('base64url');
}

/**
 * Whether it lets this principal bind an authenticator now. Whoever binds one replaces the right by a used one in
 * the same transaction, so that of two who come with one code one is refused.
 */
export function isUsable(right: EnrolmentRight, principalId: string, nowEpochSeconds: number): boolean {
  return (
    right.status === 'open' &&
    right.principal.id === principalId &&
    nowEpochSeconds < right.expiresAtEpochSeconds
  );
}
