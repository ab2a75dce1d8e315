/**
 * The failures that a function throws. A workflow's `ErrorEquals` sees the `name`, so each is a literal, and
 * bundling keeps it. Outcomes (denied, expired, already ended) are not here: they are data.
 *
 * Messages reach the execution history: they are static, or hold ids only, never a value that was received.
 */
abstract class Failure extends Error {
  abstract override readonly name: string;
}

/** The input does not have the shape that its sender promised. Nothing was read or written. Never retried. */
export class InvalidInput extends Failure {
  override readonly name = 'InvalidInput';
}

/**
 * Another writer changed the entity between our read and our write. Our transaction changed nothing; reading
 * again and deciding again is safe.
 */
export class StateConflict extends Failure {
  override readonly name = 'StateConflict';
}

/**
 * A service that we depend on refused, failed or did not answer. Whether its effect happened is unknown, so
 * only what can be done twice may be tried again.
 */
export class DependencyUnavailable extends Failure {
  override readonly name = 'DependencyUnavailable';
}

/** What was read cannot be: a programming error or tampering. Nothing was written. Raises an alarm. */
export class BrokenInvariant extends Failure {
  override readonly name = 'BrokenInvariant';
}

/**
 * The grant is no longer held: it was given back, or its time is over, before the hold began. Nothing was
 * written. The workflow goes on to revoke.
 */
export class GrantNotHeld extends Failure {
  override readonly name = 'GrantNotHeld';
}

/**
 * The approval was decided before this wait for it began. Nothing was written. The workflow goes on with the
 * decision.
 */
export class ApprovalSettled extends Failure {
  override readonly name = 'ApprovalSettled';
}

/**
 * The request was taken back before this wait for somebody began. Nothing was written. The workflow goes on to where
 * that is seen, and ends.
 */
export class RequestCancelled extends Failure {
  override readonly name = 'RequestCancelled';
}

/**
 * The session proved more before this wait for a step-up could be found by what would have woken it. The wait is
 * recorded. The workflow goes on to decide again.
 */
export class SteppedUp extends Failure {
  override readonly name = 'SteppedUp';
}

/**
 * The credential was revoked, but its target did not confirm that it is dead. The revocation is recorded as
 * asked for, not as done. Revoking again is safe.
 */
export class RevocationUnconfirmed extends Failure {
  override readonly name = 'RevocationUnconfirmed';
}

/**
 * The rotation is over, or its version is not the pending one any more: another has taken its place. Nothing was
 * changed.
 */
export class RotationOver extends Failure {
  override readonly name = 'RotationOver';
}

/** Every failure by name, for the test that compares it with the workflows. */
export const failures = {
  InvalidInput,
  StateConflict,
  DependencyUnavailable,
  BrokenInvariant,
  GrantNotHeld,
  ApprovalSettled,
  RequestCancelled,
  SteppedUp,
  RevocationUnconfirmed,
  RotationOver,
} as const;
