import type { Ledger } from '../platform/ledger.port.ts';
import { type Principal, principalType } from './principal.ts';

/** The principals with these ids and the owners of those that have one: one read, or two where an owner is new. */
export async function loadPrincipals(
  ledger: Pick<Ledger, 'readMany'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Principal>> {
  const named = await ledger.readMany(principalType, ids);
  const owners = [...named.values()].flatMap(({ entity }) => (entity.kind === 'user' ? [] : [entity.owner]));
  const missing = owners.filter((owner) => !named.has(owner));
  const found =
    missing.length === 0 ? named : new Map([...named, ...(await ledger.readMany(principalType, missing))]);
  return new Map([...found].map(([id, { entity }]) => [id, entity]));
}
