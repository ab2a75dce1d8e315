import { forbidden } from '../platform/problem.ts';
import type { Caller } from '../verification/caller.ts';

interface Act {
  readonly sub: string;
  readonly act?: Act | undefined;
}

/** Who is said to act: nearest, and the chain from there towards the subject, where it is said. */
export interface ClaimedActor {
  readonly id: string;
  readonly type?: string | undefined;
  readonly act?: Act | undefined;
}

/**
 * Holds that who is said to act does so by the caller's own token. What is not said of the chain, the token says. Where it
 * names nobody who acts for its subject, the subject acts itself, and may say so.
 * @throws Problem 403
 */
export function requireProvenActors(caller: Caller, claimed: ClaimedActor): void {
  const [nearest, ...further] = caller.actors.length === 0 ? [caller.principal] : caller.actors;
  const isProven =
    nearest?.id === claimed.id &&
    (claimed.type === undefined || claimed.type === nearest.kind) &&
    chainOf(claimed.act).every((id, place) => further[place]?.id === id);
  if (!isProven)
    throw forbidden(
      'actor-not-proven',
      'The token does not prove that this actor acts here. Exchange the subject token together with the actor token.',
    );
}

function chainOf(act: Act | undefined): string[] {
  return act === undefined ? [] : [act.sub, ...chainOf(act.act)];
}
