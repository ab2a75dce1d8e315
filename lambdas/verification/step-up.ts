import * as z from 'zod';
import { Channel } from '../platform/channel.ts';
import type { EntityType } from '../platform/entity.ts';
import type { Authenticator, AuthenticatorOf } from './authenticator.ts';
import { isForAal3 } from './enrolment.ts';

/** The methods by which a session's principal steps up here. */
export const StepUpMethod = z.enum(['passkey', 'otp']);
export type StepUpMethod = z.infer<typeof StepUpMethod>;

/**
 * A challenge to the principal of a session, in one of its channels. Its id is 128 random bits, and is itself the
 * challenge that a passkey signs (WebAuthn Level 3 §13.4.3). It takes one answer, right or wrong.
 */
export const StepUp = z.object({
  id: z.string(),
  session: z.string(),
  principal: z.string(),
  channel: Channel,
  method: StepUpMethod,
  /** Which authenticators may answer. */
  authenticators: z.array(z.string()).min(1),
  status: z.enum(['open', 'passed', 'failed']),
  createdAtEpochSeconds: z.int(),
  expiresAtEpochSeconds: z.int(),
});
export type StepUp = z.infer<typeof StepUp>;

export const STEP_UP_SECONDS = 5 * 60;

export const stepUpType: EntityType<typeof StepUp> = {
  kind: 'STEP_UP',
  schema: StepUp,
  collectAtEpochSeconds: ({ expiresAtEpochSeconds }) => expiresAtEpochSeconds,
};

export function isOpen(stepUp: StepUp, nowEpochSeconds: number): boolean {
  return stepUp.status === 'open' && nowEpochSeconds < stepUp.expiresAtEpochSeconds;
}

/** What a session is to show, and how. */
export interface Wish {
  readonly aal?: 2 | 3 | undefined;
  readonly method?: StepUpMethod | undefined;
}

/** Those that may answer a step-up: one method's. */
export type Choice =
  | { readonly method: 'passkey'; readonly authenticators: readonly AuthenticatorOf<'passkey'>[] }
  | { readonly method: 'otp'; readonly authenticators: readonly [AuthenticatorOf<'totp'>] };

/** Passkeys where there are any that fit, since they resist phishing; else one-time codes, which reach AAL2. */
export function chooseAuthenticators(enrolled: readonly Authenticator[], wish: Wish): Choice | undefined {
  const active = enrolled.filter(({ status }) => status === 'active');
  const passkeys = active.filter(
    (one): one is AuthenticatorOf<'passkey'> => one.kind === 'passkey' && (wish.aal !== 3 || isForAal3(one)),
  );
  if (wish.method !== 'otp' && passkeys.length > 0) return { method: 'passkey', authenticators: passkeys };
  const codes = active.find((one) => one.kind === 'totp');
  return wish.method === 'passkey' || wish.aal === 3 || codes === undefined
    ? undefined
    : { method: 'otp', authenticators: [codes] };
}

/**
 * The authentication methods (RFC 8176) of a passkey that has verified its user. It does not say whether by a
 * PIN or a finger, only that it did. `hwk` is said where a maker attests it, whatever the passkey says of itself.
 */
export function amrOf(passkey: AuthenticatorOf<'passkey'>): string[] {
  return [isForAal3(passkey) ? 'hwk' : 'swk', 'user', 'mfa'];
}
