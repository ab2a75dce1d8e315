import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Ledger } from '../../../lambdas/platform/ledger.port.ts';
import { loadPrincipals } from '../../../lambdas/verification/directory.ts';
import {
  countNested,
  NESTING_ID,
  type Nesting,
  nestedIn,
  nestingType,
  noNesting,
  withContaining,
  withNested,
} from '../../../lambdas/verification/nesting.ts';
import { ineligibility, principalType } from '../../../lambdas/verification/principal.ts';
import { machine, person } from '../../support/access-case.ts';
import { inMemoryLedger } from '../../support/in-memory-ledger.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'constructor'] as const;
const memberships = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), {
  selector: (pair) => pair.join(),
  maxLength: 12,
});

function nestingOf(pairs: readonly (readonly [string, string])[]): Nesting {
  const groups = new Set(pairs.map(([, group]) => group));
  return [...groups].reduce(
    (nesting, group) =>
      withNested(
        nesting,
        group,
        pairs.filter(([, of]) => of === group).map(([member]) => member),
      ),
    noNesting,
  );
}

/** All that is reached from these, step by step until nothing new is. */
function reached(from: readonly string[], pairs: readonly (readonly [string, string])[]): Set<string> {
  const found = new Set(from);
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const [member, group] of pairs) if (found.has(member)) found.add(group);
  }
  return found;
}

test('groups are found with all that contain them, unless they are members of each other', () => {
  fc.assert(
    fc.property(memberships, fc.subarray([...names], { minLength: 1 }), (pairs, groups) => {
      const found = withContaining(groups, nestingOf(pairs));
      const all = reached(groups, pairs);
      const isCircular = [...all].some((group) =>
        reached(
          pairs.filter(([member]) => member === group).map(([, of]) => of),
          pairs,
        ).has(group),
      );
      expect(found && new Set(found)).toEqual(isCircular ? undefined : all);
    }),
  );
});

test('what was put into a group is in it, and what else was, nowhere else', () => {
  fc.assert(
    fc.property(memberships, fc.constantFrom(...names), fc.subarray([...names]), (pairs, group, members) => {
      const before = nestingOf(pairs);
      const after = withNested(before, group, members);
      expect(nestedIn(after, group).sort()).toEqual([...members].sort());
      for (const other of names.filter((name) => name !== group))
        expect(nestedIn(after, other).sort()).toEqual(nestedIn(before, other).sort());
      expect(countNested(withNested(after, group, []))).toBe(
        countNested(before) - nestedIn(before, group).length,
      );
    }),
  );
});

describe('principals are loaded', () => {
  function ledgerWith(nesting: Nesting) {
    const ledger = inMemoryLedger();
    ledger.seed(principalType, person('dana', 'g0'));
    ledger.seed(principalType, machine('agent', 'bot', 'dana', 'g0'));
    ledger.seed(nestingType, nesting);
    let reads = 0;
    const counting: Pick<Ledger, 'readAll'> = {
      readAll: (wanted) => {
        reads += 1;
        return ledger.readAll(wanted);
      },
    };
    return { counting, reads: () => reads };
  }
  const chain = (length: number): Nesting => ({
    id: NESTING_ID,
    memberOf: Object.fromEntries(Array.from({ length }, (_, n) => [`g${n}`, [`g${n + 1}`]])),
  });

  test.for([0, 1, 400])(
    'in one read, and one for the owner, however deep their groups lie: %i',
    async (depth) => {
      const { counting, reads } = ledgerWith(chain(depth));
      const known = await loadPrincipals(counting, ['bot']);
      expect(known.get('bot')?.groups).toHaveLength(depth + 1);
      expect(known.get('dana')?.groups).toContain(`g${depth}`);
      expect(reads()).toBe(2);
    },
  );

  test('and may be granted nothing where their groups are members of each other', async () => {
    const { counting } = ledgerWith({ id: NESTING_ID, memberOf: { g0: ['g1'], g1: ['g0'] } });
    const known = await loadPrincipals(counting, ['bot', 'dana']);
    expect(ineligibility('dana', known)).toBe('groups_in_a_cycle');
    expect(known.get('dana')?.groups).toEqual(['g0']);
  });
});
