import * as z from 'zod';
import { PathFailure } from '../minting/grant.ts';
import type { EntityType } from '../platform/entity.ts';

/** What a rotation was started for. */
export const RotationReason = z.enum(['registration', 'schedule', 'demand', 'revocation']);
export type RotationReason = z.infer<typeof RotationReason>;

/** What failed: the state, the failure's name and, where something was tried, what came of it in words. */
export const RotationFailure = PathFailure.extend({ why: z.string().optional() });
export type RotationFailure = z.infer<typeof RotationFailure>;

/**
 * One replacement of a secret's value. Its id is the token of the version that it makes, and the name of its execution:
 * however often a step of it runs, it makes and moves that one version.
 */
export const Rotation = z.object({
  id: z.string(),
  txn: z.string(),
  secret: z.string(),
  reason: RotationReason,
  /** The revocation that asked for it. */
  revocation: z.string().optional(),
  /**
   * Whether what was valid before is to be dead at its end, because somebody has it who should not. Otherwise the value
   * before goes on working until the next rotation where its system can have two, for those who have not read again.
   */
  endsPrevious: z.boolean(),
  status: z.enum([
    'running',
    /** The new value is current. */
    'succeeded',
    /** The value before goes on working, and the new one is gone. */
    'failed',
    /** The system did not confirm that what should be dead is dead. Never shown as done. */
    'unresolved',
  ]),
  failure: RotationFailure.optional(),
  startedAtEpochSeconds: z.int(),
  endedAtEpochSeconds: z.int().optional(),
});
export type Rotation = z.infer<typeof Rotation>;

export const rotationType: EntityType<typeof Rotation> = { kind: 'ROTATION', schema: Rotation };

/** An execution of the workflow is over after this long, however it ended: `TimeoutSeconds` of the workflow. */
export const ROTATION_LEASE_SECONDS = 6 * 3600;
/** A rotation that has made nothing after this long may never have been started. */
export const START_CONFIRMED_SECONDS = 300;

/** The failure as events and answers tell it. */
export function failureDocument({ state, error, why }: RotationFailure) {
  return { state, error, ...(why === undefined ? {} : { why }) };
}

/** How a rotation is named; at least 32 characters, as Secrets Manager wants of a version's token. */
export function rotationId(id: string): string {
  return `rotation-${id}`;
}
