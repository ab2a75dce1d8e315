import type { Stored } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type Principal, principalType } from './principal.ts';

/** The principals with these ids and the owners of those that have one: one read, or two where an owner is new. */
export async function loadPrincipals(
  ledger: Pick<Ledger, 'readAll'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Principal>> {
  return withOwners(ledger, await ledger.readAll(principalsWanted(ids)));
}

/** What to read for these principals, to be read together with something else. */
export function principalsWanted(ids: readonly string[]) {
  return [...new Set(ids)].map((id) => [principalType, id] as const);
}

/** The principals that were found, by id, and their owners, who are read where they are not among them. */
export async function withOwners(
  ledger: Pick<Ledger, 'readAll'>,
  found: readonly (Stored<Principal> | undefined)[],
): Promise<ReadonlyMap<string, Principal>> {
  const known = byId(found);
  const owners = [...known.values()].flatMap((principal) =>
    principal.kind === 'user' ? [] : [principal.owner],
  );
  const missing = owners.filter((owner) => !known.has(owner));
  if (missing.length === 0) return known;
  return new Map([...known, ...byId(await ledger.readAll(principalsWanted(missing)))]);
}

function byId(found: readonly (Stored<Principal> | undefined)[]): Map<string, Principal> {
  return new Map(
    found.flatMap((stored) => (stored === undefined ? [] : [[stored.entity.id, stored.entity]])),
  );
}
