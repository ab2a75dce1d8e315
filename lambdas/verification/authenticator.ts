import * as z from 'zod';
import type { EntityType } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { Aal } from './evidence.ts';

/** What the one who enrolled an authenticator had proven by then. */
export const EnrolledBy = z.object({
  session: z.string(),
  aal: Aal,
  evidence: z.array(z.string()),
  /** The enrolment right that was used up for it. */
  right: z.string().optional(),
});

const common = z.object({
  id: z.string(),
  /** Whose it is. */
  principal: z.string(),
  /** What its owner calls it. */
  name: z.string(),
  /** `locked`: refused too often in a row. `revoked`: given up, or replaced. Neither comes back. */
  status: z.enum(['active', 'locked', 'revoked']),
  consecutiveFailures: z.int(),
  /** The latest failures, as many as the limit counts, oldest first. Epoch seconds. */
  failedAtEpochSeconds: z.array(z.int()),
  createdAtEpochSeconds: z.int(),
  enrolledBy: EnrolledBy,
});

/** A public key on P-256 for ES256 signatures (RFC 7518 §3.4, §6.2.1), without its private half. */
export const DevicePublicKey = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.base64url().length(43),
  y: z.base64url().length(43),
});
export type DevicePublicKey = z.infer<typeof DevicePublicKey>;

/** Something that a person has and that is enrolled here, with what verifies it. None of it is secret. */
export const Authenticator = z.discriminatedUnion('kind', [
  common.extend({
    kind: z.literal('passkey'),
    credentialId: z.string(),
    /** COSE_Key (RFC 9052 §7) in base64url. */
    publicKey: z.string(),
    /** The signature counter when it was last used (WebAuthn §6.1.1). */
    counter: z.int(),
    /** The key may leave the device that made it: a synced passkey. */
    backupEligible: z.boolean(),
    backedUp: z.boolean(),
    aaguid: z.string(),
    /** Its maker attests that the key is in hardware of a model that the deployment trusts. */
    attested: z.boolean(),
    transports: z.array(z.string()),
  }),
  common.extend({
    kind: z.literal('totp'),
    /** The time step (RFC 6238 §4.2) of the last code that was accepted. */
    lastStep: z.int(),
  }),
  /** A registered device that answers pushes with a signature by this key. */
  common.extend({ kind: z.literal('push-device'), publicKey: DevicePublicKey }),
]);
export type Authenticator = z.infer<typeof Authenticator>;
export type AuthenticatorKind = Authenticator['kind'];
export type AuthenticatorOf<Kind extends AuthenticatorKind> = Extract<Authenticator, { kind: Kind }>;

export const authenticatorType: EntityType<typeof Authenticator> = {
  kind: 'AUTHENTICATOR',
  schema: Authenticator,
  listEntries: ({ id, principal, status, createdAtEpochSeconds }) =>
    status === 'revoked'
      ? []
      : [
          {
            kind: 'AUTHENTICATORS_OF',
            list: principal,
            place: `${createdAtEpochSeconds}#${id}`,
            entityId: id,
          },
        ],
};

/** A person has at most this many authenticators, so that one page lists them all. */
export const MOST_AUTHENTICATORS = 20;

/** Those of a principal that are not revoked, oldest first. */
export async function authenticatorsOf(
  ledger: Pick<Ledger, 'list'>,
  principalId: string,
): Promise<readonly Authenticator[]> {
  const list = { kind: 'AUTHENTICATORS_OF', name: principalId } as const;
  const { items } = await ledger.list(authenticatorType, list, { limit: MOST_AUTHENTICATORS });
  return items;
}

/** NIST SP 800-63B-4 §3.2.2: at most 100 consecutive failed attempts. */
export const MOST_CONSECUTIVE_FAILURES = 100;
/** Ours: guessing a code of six digits gets this many tries in this time. */
export const MOST_RECENT_FAILURES = 5;
const RECENT_SECONDS = 5 * 60;

/** The authenticator after it was refused: locked with the hundredth refusal in a row. */
export function withFailure<One extends Authenticator>(one: One, nowEpochSeconds: number): One {
  const consecutiveFailures = one.consecutiveFailures + 1;
  return {
    ...one,
    consecutiveFailures,
    failedAtEpochSeconds: [...one.failedAtEpochSeconds, nowEpochSeconds].slice(-MOST_RECENT_FAILURES),
    status: consecutiveFailures >= MOST_CONSECUTIVE_FAILURES ? 'locked' : one.status,
  };
}

/** The authenticator after it was accepted: what counts again is from now on. */
export function withSuccess<One extends Authenticator>(one: One): One {
  return { ...one, consecutiveFailures: 0, failedAtEpochSeconds: [] };
}

/** How long until it may be tried again, in seconds; 0 where it may be now. */
export function secondsUntilTry(one: Authenticator, nowEpochSeconds: number): number {
  const [oldest] = one.failedAtEpochSeconds;
  if (oldest === undefined || one.failedAtEpochSeconds.length < MOST_RECENT_FAILURES) return 0;
  return Math.max(0, oldest + RECENT_SECONDS - nowEpochSeconds);
}
