import type { Stored } from '../platform/entity.ts';
import type { Ledger } from '../platform/ledger.port.ts';
import { type Freeze, freezeOf, freezeType, isFrozen, reachesOwned } from './freeze.ts';
import { NESTING_ID, type Nesting, nestingType, noNesting, withContaining } from './nesting.ts';
import { type KnownPrincipal, type Principal, principalType } from './principal.ts';

/** What is read of principals: they themselves, whether they are frozen, and which groups are members of which. */
type Read = Stored<Principal | Freeze | Nesting> | undefined;

/** The principals with these ids and the owners of those that have one: one read, or two where an owner is new. */
export async function loadPrincipals(
  ledger: Pick<Ledger, 'readAll'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, KnownPrincipal>> {
  return withOwners(ledger, await ledger.readAll(principalsWanted(ids)));
}

/** What to read for these principals, to be read together with something else. */
export function principalsWanted(ids: readonly string[]) {
  return [
    ...[...new Set(ids)].flatMap((id) => [
      [principalType, id] as const,
      [freezeType, freezeOf.principal(id)] as const,
    ]),
    [nestingType, NESTING_ID] as const,
  ];
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
  const nesting = entities.find((entity) => 'memberOf' in entity) ?? noNesting;
  return new Map(
    entities.flatMap((entity) =>
      'heldBy' in entity || 'memberOf' in entity
        ? []
        : [
            [
              entity.id,
              withFreeze(withAllGroups(entity, nesting), freezes.get(freezeOf.principal(entity.id))),
            ],
          ],
    ),
  );
}

/** Its groups with all that contain them: whoever is in a group that is a member of another one is in both. */
function withAllGroups(principal: Principal, nesting: Nesting): KnownPrincipal {
  const groups = withContaining(principal.groups, nesting);
  return groups === undefined ? { ...principal, groupsInACycle: true } : { ...principal, groups };
}

function withFreeze(principal: KnownPrincipal, freeze: Freeze | undefined): KnownPrincipal {
  if (!isFrozen(freeze)) return principal;
  return { ...principal, frozen: reachesOwned(freeze) ? 'with_owned' : 'alone' };
}
