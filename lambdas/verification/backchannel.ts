import * as z from 'zod';
import type { EntityType } from '../platform/entity.ts';
import { PartyReference } from './session.ts';

/** How long a push waits for its answer: a caller is on the line meanwhile. CIBA Core 1.0 §7.3, `expires_in`. */
export const BACKCHANNEL_SECONDS = 180;
/** How long a gateway waits between two polls. CIBA Core 1.0 §7.3, `interval`. */
export const POLL_INTERVAL_SECONDS = 5;

const backchannelBase = z.object({
  /** The `auth_req_id`. It opens nothing by itself: only the gateway that has it can redeem it. */
  id: z.string(),
  txn: z.string(),
  /** The voice gateway that takes the call. */
  gateway: PartyReference,
  /** Whom the caller says to be. Whether there is such a person, nobody has looked. */
  loginHint: z.string(),
  /** What the caller hears and sees on the device: the same words in both places. */
  bindingMessage: z.string(),
  /** Only who has fetched the push can answer it. */
  nonce: z.string(),
  createdAtEpochSeconds: z.int(),
  expiresAtEpochSeconds: z.int(),
});

/** How a device answered. */
const Answer = z.object({
  authenticator: z.string(),
  /** Authentication methods, RFC 8176. */
  amr: z.array(z.string()),
  atEpochSeconds: z.int(),
});

/** One call to be verified: a push that waits for one of the person's devices (CIBA Core 1.0, poll mode). */
export const Backchannel = z.discriminatedUnion('status', [
  backchannelBase.extend({ status: z.literal('pending') }),
  backchannelBase.extend({ status: z.literal('approved'), answer: Answer }),
  backchannelBase.extend({ status: z.literal('denied'), answer: Answer }),
  /** Approved, and its gateway has its token. */
  backchannelBase.extend({ status: z.literal('redeemed'), answer: Answer, session: z.string() }),
]);
export type Backchannel = z.infer<typeof Backchannel>;
export type BackchannelIn<Status extends Backchannel['status']> = Extract<Backchannel, { status: Status }>;

/** Kept this long, so that who polls late is told that it is over, not that it never was. */
const KEPT_AFTER_EXPIRY_SECONDS = 24 * 3600;

const collectAt = ({ expiresAtEpochSeconds }: Backchannel) =>
  expiresAtEpochSeconds + KEPT_AFTER_EXPIRY_SECONDS;

export const backchannelType: EntityType<typeof Backchannel> = {
  kind: 'BACKCHANNEL',
  schema: Backchannel,
  collectAtEpochSeconds: collectAt,
  // What nobody answers leaves its list with its time.
  listEntries: (call) =>
    call.status === 'pending'
      ? [
          {
            kind: 'PUSHES_OF',
            list: call.loginHint,
            place: `${call.createdAtEpochSeconds}#${call.id}`,
            entityId: call.id,
            collectAtEpochSeconds: collectAt(call),
          },
        ]
      : [],
};

export function isOver(call: Backchannel, nowEpochSeconds: number): boolean {
  return nowEpochSeconds >= call.expiresAtEpochSeconds;
}
