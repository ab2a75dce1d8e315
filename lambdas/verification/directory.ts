import type { Stored } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type Freeze, freezeOf, freezeType, isFrozen, reachesOwned } from './freeze.ts';
import { type KnownPrincipal, type Principal, principalType } from './principal.ts';

/** What is read of principals: they themselves, and whether they are frozen. */
type Read = Stored<Principal | Freeze> | undefined;

/** The principals with these ids and the owners of those that have one: one read, or two where an owner is new. */
export async function loadPrincipals(
  ledger: Pick<Ledger, 'readAll'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, KnownPrincipal>> {
  return withOwners(ledger, await ledger.readAll(principalsWanted(ids)));
}

/** What to read for these principals, to be read together with something else. */
export function principalsWanted(ids: readonly string[]) {
  return [...new Set(ids)].flatMap((id) => [
    [principalType, id] as const,
    [freezeType, freezeOf.principal(id)] as const,
  ]);
}

/** The principals that were found, by id, and their owners, who are read where they are not among them. */
export async function withOwners(
  ledger: Pick<Ledger, 'readAll'>,
  found: readonly Read[],
): Promise<ReadonlyMap<string, KnownPrincipal>> {
  const known = byId(found);
  const owners = [...known.values()].flatMap((principal) =>
    principal.kind === 'user' ? [] : [principal.owner],
  );
  const missing = owners.filter((owner) => !known.has(owner));
  if (missing.length === 0) return known;
  return new Map([...known, ...byId(await ledger.readAll(principalsWanted(missing)))]);
}

function byId(found: readonly Read[]): Map<string, KnownPrincipal> {
  const entities = found.flatMap((stored) => (stored === undefined ? [] : [stored.entity]));
  const freezes = new Map(
    entities.flatMap((entity) => ('heldBy' in entity ? [[entity.id, entity] as const] : [])),
  );
  return new Map(
    entities.flatMap((entity) =>
      'heldBy' in entity ? [] : [[entity.id, withFreeze(entity, freezes.get(freezeOf.principal(entity.id)))]],
    ),
  );
}

function withFreeze(principal: Principal, freeze: Freeze | undefined): KnownPrincipal {
  if (!isFrozen(freeze)) return principal;
  return { ...principal, frozen: reachesOwned(freeze) ? 'with_owned' : 'alone' };
}
