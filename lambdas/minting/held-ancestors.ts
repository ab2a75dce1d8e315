import { GrantNotHeld } from '../platform/failures.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type Grant, type GrantIn, grantType, isHeld } from './grant.ts';

/**
 * The grants that this one is a part of.
 * @throws GrantNotHeld where one of them does not give its right any more
 */
export async function heldAncestors(
  ledger: Pick<Ledger, 'readAll'>,
  { ancestors }: Grant,
  nowEpochSeconds: number,
): Promise<GrantIn<'active'>[]> {
  if (ancestors.length === 0) return [];
  const found = await ledger.readAll(ancestors.map((id) => [grantType, id] as const));
  return found.map((stored) => {
    if (stored === undefined || !isHeld(stored.entity, nowEpochSeconds))
      throw new GrantNotHeld('A grant that this one is a part of has ended');
    return stored.entity;
  });
}
