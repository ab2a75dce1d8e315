import type { TargetOf } from '../../../platform/deployment.ts';

/** A token that cannot be called back from a target that does not introspect must be short-lived. */
const LONGEST_UNSEEN_SECONDS = 600;

/** How long a token may live, with so much of its grant left. */
export function lifetimeSeconds(target: TargetOf<'oauth-jwt'>, remainingSeconds: number): number {
  return target.introspects ? remainingSeconds : Math.min(remainingSeconds, LONGEST_UNSEEN_SECONDS);
}

/** How long a token that was revoked may still be accepted. */
export function boundSeconds(target: TargetOf<'oauth-jwt'>): number {
  return target.introspects ? 0 : LONGEST_UNSEEN_SECONDS;
}
