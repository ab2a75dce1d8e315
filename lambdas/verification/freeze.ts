import * as z from 'zod';
import type { Target } from '../platform/deployment.ts';
import type { EntityType, Stored } from '../platform/entity.ts';

/** Why something is frozen: each kind of containment holds its own freeze, and lifts only that one. */
const FreezeHolder = z.enum(['principal', 'owner', 'target', 'secret']);
export type FreezeHolder = z.infer<typeof FreezeHolder>;

/**
 * What is refused everything from the moment when a containment of it was started: a principal, a target, a managed
 * secret. Nothing holds one that was lifted.
 */
export const Freeze = z.object({
  id: z.string(),
  /** The revocations that hold it, by the kind of their scope: the last one of each. */
  heldBy: z.partialRecord(FreezeHolder, z.string()),
});
export type Freeze = z.infer<typeof Freeze>;

export const freezeType: EntityType<typeof Freeze> = { kind: 'FREEZE', schema: Freeze };

/** The ids of freezes: of what there can be one. */
export const freezeOf = {
  principal: (id: string) => `principal:${id}`,
  target: (id: string) => `target:${id}`,
  secret: (id: string) => `secret:${id}`,
} as const;

/** What to read to know whether a target may be used: it may be frozen itself, or the secret that it gives out. */
export function targetFreezesWanted(target: Target) {
  return idsOfTarget(target).map((id) => [freezeType, id] as const);
}

/** @param found what was read, the freezes of the target among it */
export function isTargetFrozen(target: Target, found: readonly Found[]): boolean {
  return isFrozenAmong(found, idsOfTarget(target));
}

/** Whether one of these freezes is held. */
export function isFrozenAmong(found: readonly Found[], ids: readonly string[]): boolean {
  return found.some(
    (stored) => stored !== undefined && ids.includes(stored.entity.id) && isFrozen(stored.entity as Freeze),
  );
}

type Found = Stored<{ readonly id: string }> | undefined;

function idsOfTarget(target: Target): string[] {
  return [
    freezeOf.target(target.id),
    ...(target.connector === 'secret' ? [freezeOf.secret(target.secret)] : []),
  ];
}

export function isFrozen(freeze: Freeze | undefined): boolean {
  return freeze !== undefined && Object.keys(freeze.heldBy).length > 0;
}

/**
 * Whether the freeze of a person reaches the machines that they answer for: one person who is contained does not stop
 * a fleet, unless it is contained together with them.
 */
export function reachesOwned(freeze: Freeze | undefined): boolean {
  return freeze?.heldBy.owner !== undefined;
}
