import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { policyPointerType, policySetType } from '../../../lambdas/decision/policy-set.ts';
import { packed, partId, policyPartType } from '../../../lambdas/decision/policy-set-content.ts';
import { DependencyUnavailable } from '../../../lambdas/platform/failures.ts';
import { callerOf } from '../../support/access-case.ts';
import { asked, filesFor, policySets, reviewer } from '../../support/policy-set-case.ts';

const nobody = filesFor('nobody');

test('the deployed policies decide until people switch to others', async () => {
  const sets = policySets();
  expect(await asked(sets.function().policies)).toEqual(['deployed', true]);
});

describe('a switch', () => {
  test('is in force five seconds later in a function that goes on, and at once in a new one', async () => {
    const sets = policySets();
    const { policies } = sets.function();
    await asked(policies);
    const id = await sets.switchTo(nobody);
    sets.clock.atEpochSeconds += 4;
    expect(await asked(policies)).toEqual(['deployed', true]);
    sets.clock.atEpochSeconds += 1;
    expect(await asked(policies)).toEqual([id, false]);
    expect(await asked(sets.function().policies)).toEqual([id, false]);
  });

  test('back is, too', async () => {
    const sets = policySets();
    const { policies } = sets.function();
    const id = await sets.switchTo(nobody);
    expect(await asked(policies)).toEqual([id, false]);
    await sets.rollBack(callerOf(reviewer), { policy_set: id, reason: 'Nobody can work' });
    sets.clock.atEpochSeconds += 5;
    expect(await asked(policies)).toEqual(['deployed', true]);
  });

  test('leaves whoever holds the engine before with its answers', async () => {
    const sets = policySets();
    const { policies } = sets.function();
    const held = await policies.current();
    await sets.switchTo(nobody);
    sets.clock.atEpochSeconds += 5;
    await policies.current();
    expect(await asked({ current: async () => held })).toEqual(['deployed', true]);
  });

  test('loads the set once for all who ask at the same time', async () => {
    const sets = policySets();
    let reads = 0;
    const { policies } = sets.function({
      read: async (type, id) => {
        reads += 1;
        return sets.ledger.read(type, id);
      },
    });
    const id = await sets.switchTo(nobody);
    const answers = await Promise.all(Array.from({ length: 20 }, () => asked(policies)));
    expect(new Set(answers.map(String))).toEqual(new Set([`${id},false`]));
    expect(reads).toBe(1);
  });

  test('is never decided by for longer than ten seconds after it was replaced, whatever fails between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            seconds: fc.integer({ min: 0, max: 7 }),
            what: fc.constantFrom('nothing', 'switch', 'fail', 'mend'),
          }),
          { maxLength: 12 },
        ),
        async (happenings) => {
          const sets = policySets();
          let fails = false;
          const { policies } = sets.function({
            read: async (type, id) => {
              if (fails) throw new DependencyUnavailable('DynamoDB did not confirm the call');
              return sets.ledger.read(type, id);
            },
          });
          const since = new Map([['deployed', Number.POSITIVE_INFINITY]]);
          let inForce = 'deployed';
          for (const { seconds, what } of happenings) {
            sets.clock.atEpochSeconds += seconds;
            if (what === 'fail') fails = true;
            if (what === 'mend') fails = false;
            if (what === 'switch') {
              since.set(inForce, sets.clock.atEpochSeconds);
              inForce = await sets.switchTo(filesFor(`group-${since.size}`));
              since.set(inForce, Number.POSITIVE_INFINITY);
            }
            const decidedBy = await asked(policies).catch((error) => {
              if (!(error instanceof DependencyUnavailable) || !fails) throw error;
            });
            if (decidedBy === undefined) continue;
            expect((since.get(decidedBy[0]) ?? 0) + 10).toBeGreaterThan(sets.clock.atEpochSeconds);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('where it cannot be looked up', () => {
  const blind = async () => {
    const sets = policySets();
    let fails = false;
    const { policies } = sets.function({
      read: async (type, id) => {
        if (fails) throw new DependencyUnavailable('DynamoDB did not confirm the call');
        return sets.ledger.read(type, id);
      },
    });
    await asked(policies);
    fails = true;
    return { sets, policies };
  };

  test('what was in force is believed for ten seconds', async () => {
    const { sets, policies } = await blind();
    sets.clock.atEpochSeconds += 9;
    expect(await asked(policies)).toEqual(['deployed', true]);
  });

  test('nothing is decided after that', async () => {
    const { sets, policies } = await blind();
    sets.clock.atEpochSeconds += 10;
    await expect(asked(policies)).rejects.toThrow(DependencyUnavailable);
  });

  test('nothing is decided by a function that has never seen it', async () => {
    const sets = policySets();
    const { policies } = sets.function({
      read: async () => {
        throw new DependencyUnavailable('DynamoDB did not confirm the call');
      },
    });
    await expect(asked(policies)).rejects.toThrow(DependencyUnavailable);
  });
});

describe('a set that cannot be loaded', () => {
  const broken = async () => {
    const sets = policySets();
    const made = sets.function();
    await asked(made.policies);
    const id = await sets.switchTo(nobody);
    const contents = (await sets.ledger.read(policySetType, id))?.entity.contents;
    const digest = contents?.compiled.digest ?? '';
    const whole = (await sets.ledger.read(policyPartType, partId(digest, 0)))?.entity.base64 ?? '';
    const put = (base64: string) => sets.ledger.seed(policyPartType, { id: partId(digest, 0), base64 });
    put(whole.slice(8));
    sets.clock.atEpochSeconds += 5;
    return { sets, made, id, mend: () => put(whole) };
  };

  test('decides nothing, nor does the one before; an alarm tells of it, and it is tried every five seconds', async () => {
    const { sets, made } = await broken();
    for (let asks = 0; asks < 3; asks += 1)
      await expect(asked(made.policies)).rejects.toThrow(DependencyUnavailable);
    expect(made.unloadable).toBe(1);
    sets.clock.atEpochSeconds += 5;
    await expect(asked(made.policies)).rejects.toThrow(DependencyUnavailable);
    expect(made.unloadable).toBe(2);
  });

  test('decides once it can be', async () => {
    const { sets, made, id, mend } = await broken();
    await expect(asked(made.policies)).rejects.toThrow(DependencyUnavailable);
    mend();
    sets.clock.atEpochSeconds += 5;
    expect(await asked(made.policies)).toEqual([id, false]);
  });

  test('is left by a rollback', async () => {
    const { sets, made, id } = await broken();
    await expect(asked(made.policies)).rejects.toThrow(DependencyUnavailable);
    await sets.rollBack(callerOf(reviewer), { policy_set: id, reason: 'It does not load' });
    expect(await asked(made.policies)).toEqual(['deployed', true]);
  });
});

test('what was compiled to another shape is compiled anew', async () => {
  const sets = policySets();
  const id = await sets.switchTo(nobody);
  const set = (await sets.ledger.read(policySetType, id))?.entity;
  const old = packed({ policies: 'of another time' });
  for (const part of old.parts) sets.ledger.seed(policyPartType, part);
  if (set === undefined) throw new Error('It was proposed');
  sets.ledger.seed(policyPointerType, {
    id: 'active',
    set: id,
    contents: { ...set.contents, compiled: old.reference },
  });
  expect(await asked(sets.function().policies)).toEqual([id, false]);
});
