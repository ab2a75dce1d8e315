import { ANY, type CompiledPolicy, keyOf } from './compiled-policies.ts';

/** What a question is about, as keys. */
export interface QuestionKeys {
  readonly action: string;
  /** The principal, what it is in, and its type. */
  readonly principal: readonly string[];
  /** The resource, what it is in, and its type. */
  readonly resource: readonly string[];
}

/**
 * The places of the policies whose scope a question falls under, in order. A policy is about a question only if
 * its action, its resource and its principal all are, so any other one can be left out: it would not apply
 * (https://docs.cedarpolicy.com/policies/syntax-policy.html, scope).
 */
export interface PolicySlices {
  about(keys: QuestionKeys): readonly number[];
}

/** Sorts policies by their scope, so that finding those of a question costs the same however many there are. */
export function slicesOf(policies: readonly Pick<CompiledPolicy, 'scope'>[]): PolicySlices {
  const byAction = new Map<string, Map<string, Map<string, number[]>>>();
  policies.forEach(({ scope }, place) => {
    for (const action of scope.actions) {
      const byResource = entry(byAction, action, () => new Map<string, Map<string, number[]>>());
      const byPrincipal = entry(byResource, scope.resource, () => new Map<string, number[]>());
      entry(byPrincipal, scope.principal, () => []).push(place);
    }
  });
  return {
    about({ action, principal, resource }) {
      const found = new Set<number>();
      for (const actionKey of [action, ANY]) {
        const byResource = byAction.get(actionKey);
        for (const resourceKey of byResource === undefined ? [] : [...resource, ANY]) {
          const byPrincipal = byResource?.get(resourceKey);
          for (const principalKey of byPrincipal === undefined ? [] : [...principal, ANY])
            for (const place of byPrincipal?.get(principalKey) ?? []) found.add(place);
        }
      }
      return [...found].sort((one, other) => one - other);
    },
  };
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** The keys of an entity: its own, those of what it is in, and its type's. */
export function keysOf(
  uid: { readonly type: string; readonly id: string },
  ancestors: readonly { readonly type: string; readonly id: string }[],
): string[] {
  return [keyOf(uid), ...ancestors.map(keyOf), uid.type];
}
